class Boxoffice < Formula
  desc "Concert box office in one program: waiting line, seats, holds, points, payment"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "MIT"

@DOWNLOADS@
  def install
    bin.install "boxoffice"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/boxoffice --version")
    assert_match "the audit is clean", shell_output("#{bin}/boxoffice rush --customers 30 --seats 10")
  end
end
