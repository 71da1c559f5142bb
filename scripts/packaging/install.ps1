# Installs boxoffice @VERSION@ for this user, on Windows: .\install.ps1 [-Folder FOLDER] [-Releases URL]
param(
    [string]$Folder = "$env:LOCALAPPDATA\Programs\boxoffice",
    [string]$Releases = "@RELEASES@"
)
$ErrorActionPreference = "Stop"
$ProgressPreference = "SilentlyContinue"  # Windows PowerShell 5 downloads many times slower while it draws a bar
$name = "boxoffice-@VERSION@-x86_64-windows"
$sum = "@WINDOWS_SUM@"

if (-not [Environment]::Is64BitOperatingSystem) {
    throw "There is no program for 32-bit Windows."
}
$tls12 = [Net.SecurityProtocolType]::Tls12  # which Windows PowerShell 5 does not offer by itself
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor $tls12
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
New-Item -ItemType Directory -Path $work | Out-Null
try {
    $zip = Join-Path $work "$name.zip"
    Invoke-WebRequest -UseBasicParsing -Uri "$Releases/$name.zip" -OutFile $zip
    $found = (Get-FileHash -Algorithm SHA256 -Path $zip).Hash
    if ($found -ne $sum) {
        throw "$Releases/$name.zip is not what was released (SHA-256 $found, expected $sum)."
    }
    Expand-Archive -Path $zip -DestinationPath $work
    New-Item -ItemType Directory -Force -Path $Folder | Out-Null
    Copy-Item -Force -Path (Join-Path $work "$name\boxoffice.exe") -Destination $Folder
} finally {
    Remove-Item -Recurse -Force -Path $work
}

& (Join-Path $Folder "boxoffice.exe") --version
Write-Output "installed as $(Join-Path $Folder 'boxoffice.exe')"
$path = [Environment]::GetEnvironmentVariable("Path", "User")
if (($path -split ";") -notcontains $Folder) {
    [Environment]::SetEnvironmentVariable("Path", (@($path, $Folder) -ne "" -join ";"), "User")
    Write-Output "added to your PATH; open a new terminal"
}
