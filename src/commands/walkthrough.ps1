# PowerShell; in cmd, type powershell first. cmd에서는 먼저 powershell을 입력하세요.
$api = '{url}/api/v1'
function Post($path, $body, $headers) {
  Invoke-RestMethod "$api$path" -Method Post -ContentType 'application/json' -Headers $headers -Body ($body | ConvertTo-Json)
}

# 1. a user, and a token: the first in line is admitted at once
$me = Post '/users' @{ name = 'Kim' }; $me
$token = (Post '/queue/tokens' @{ userId = $me.userId; userKey = $me.userKey }).token
$auth = @{ Authorization = "Bearer $token" }
Invoke-RestMethod "$api/queue/token" -Headers $auth

# 2. the dates, and the seats of the first
(Invoke-RestMethod "$api/concerts/{concert}/schedules" -Headers $auth).schedules
(Invoke-RestMethod "$api/schedules/{schedule}/seats" -Headers $auth).seats | Select-Object -First 5

# 3. hold seat 12
$held = Post '/reservations' @{ scheduleId = {schedule}; seats = @('12') } $auth; $held

# 4. points: read, top up
Invoke-RestMethod "$api/users/$($me.userId)/balance" -Headers $auth
Post "/users/$($me.userId)/balance/top-ups" @{ amount = 60000 } $auth

# 5. pay: the seat is yours, the token has done its work; what is one's own is read with id and key
Post '/payments' @{ reservationId = $held.reservationId; amount = 50000 } $auth
$basic = [Convert]::ToBase64String([Text.Encoding]::ASCII.GetBytes("$($me.userId):$($me.userKey)"))
Invoke-RestMethod "$api/reservations/$($held.reservationId)" -Headers @{ Authorization = "Basic $basic" }
