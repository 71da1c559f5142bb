//! How a phone comes to trust the authority of a venue without a domain: a page, its QR code, the certificate.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use super::{dressed, escaped, guarded, page};
use crate::certificates::{Authority, Certificates, Name};
use crate::http::{Reply, Request};
use crate::ids;
use crate::refusal::{Language, Refusal};
use crate::settings::tls::TlsSettings;
use crate::settings::urls_for_others;

/// The least width of the QR code in pixels.
const WIDTH_MIN_PX: u32 = 240;

/// What phones are shown of a venue's authority.
pub struct Trust {
    certificates: Arc<Certificates>,
    /// By which name phones come, where that was said.
    name: Option<Name>,
    /// Where plain HTTP leads here, and where the staff's pages are; set once both are open.
    addresses: OnceLock<[SocketAddr; 2]>,
}

impl Trust {
    /// That of a server whose certificate is of an authority of its own.
    pub fn of(certificates: Option<&Arc<Certificates>>, settings: &TlsSettings) -> Option<Arc<Trust>> {
        let certificates = Arc::clone(certificates.filter(|certificates| certificates.authority().is_some())?);
        let name = settings.tls_name.first().cloned();
        Some(Arc::new(Trust { certificates, name, addresses: OnceLock::new() }))
    }

    /// Where plain HTTP leads here, and where the staff's pages are.
    pub fn set_addresses(&self, plain: SocketAddr, staff: SocketAddr) {
        let _ = self.addresses.set([plain, staff]); // once
    }

    /// The URL that a phone opens to come here, and that of the staff's pages; `None` where no phone reaches them.
    pub fn urls(&self) -> Option<[String; 2]> {
        let [plain, staff] = *self.addresses.get()?;
        Some([self.url("http", plain, "/trust")?, self.url("https", staff, "/staff")?])
    }

    fn url(&self, scheme: &str, address: SocketAddr, path: &str) -> Option<String> {
        let url = match &self.name {
            None if address.ip().to_canonical().is_loopback() => return None,
            Some(name) => format!("{scheme}://{}:{}", name.in_url(), address.port()),
            None if address.ip().is_unspecified() => urls_for_others(scheme, address).into_iter().next()?,
            None => format!("{scheme}://{address}"),
        };
        Some(url + path)
    }
}

/// The authority, where the venue has one of its own.
fn must_be_own(trust: Option<&Trust>) -> Result<(&Trust, &Authority), Refusal> {
    let trust = trust.ok_or(Refusal::NotFound)?;
    Ok((trust, trust.certificates.authority().ok_or(Refusal::NotFound)?))
}

/// `GET /trust`, open to all, also by plain HTTP: 200 with a page that says how a phone trusts the venue's
/// authority; 304 by `If-None-Match`. 404 `NOT_FOUND` without --tls-local.
pub fn trust(request: &Request, trust: Option<&Trust>) -> Result<Reply, Refusal> {
    let (trust, authority) = must_be_own(trust)?;
    let urls = trust.urls().map(|urls| urls.map(|url| escaped(&url)));
    Ok(page(request, 200, dressed(request.language(), |language| words(authority, urls.as_ref(), language))))
}

/// The title of the page and what stands below.
fn words(authority: &Authority, urls: Option<&[String; 2]>, language: Language) -> (String, String) {
    let (title, html) = match language {
        Language::En => ("Have a phone trust this box office", include_str!("trust/en.html")),
        Language::Ko => ("휴대폰에서 이 매표소를 신뢰하기", include_str!("trust/ko.html")),
    };
    let (code, door) = match (urls, language) {
        (Some([url, staff]), Language::En) => (
            format!("<p><img src=\"/trust/code\" width=\"240\" height=\"240\" alt=\"QR code of {url}\"></p><p>With the camera of the phone, or by typing <code>{url}</code>, this page is opened on it.</p>"),
            format!("Open <a href=\"{staff}\">{staff}</a> on the phone: it shows no warning, and the camera can be turned on."),
        ),
        (Some([url, staff]), Language::Ko) => (
            format!("<p><img src=\"/trust/code\" width=\"240\" height=\"240\" alt=\"{url}의 QR 코드\"></p><p>휴대폰 카메라로 찍거나 <code>{url}</code> 주소를 입력하면 휴대폰에서 이 페이지가 열립니다.</p>"),
            format!("휴대폰에서 <a href=\"{staff}\">{staff}</a> 주소를 엽니다. 경고가 나오지 않고 카메라를 켤 수 있습니다."),
        ),
        (None, Language::En) => (
            "<p class=\"note warn\">No phone reaches this server yet, which listens for this machine alone: start it with <code>--listen 0.0.0.0:8443</code>.</p>".into(),
            "Open the staff's pages on the phone.".into(),
        ),
        (None, Language::Ko) => (
            "<p class=\"note warn\">이 서버는 이 컴퓨터에서만 열려 있어 아직 휴대폰이 접속할 수 없습니다. <code>--listen 0.0.0.0:8443</code>으로 시작하세요.</p>".into(),
            "휴대폰에서 직원 페이지를 엽니다.".into(),
        ),
    };
    let fingerprint = ids::hex(&ids::sha256_of(&authority.certificate)).to_ascii_uppercase();
    let pairs: Vec<&str> = (0..fingerprint.len() / 2).map(|at| &fingerprint[2 * at..2 * at + 2]).collect();
    let body = html
        .replace("{name}", &escaped(&authority.name))
        .replace("{code}", &code)
        .replace("{door}", &door)
        .replace("{fingerprint}", &pairs.join(" "));
    (title.to_owned(), body)
}

/// `GET /trust/authority.crt`, open to all, also by plain HTTP: 200 with the certificate of the venue's authority
/// (DER), as phones install it. 404 `NOT_FOUND` without --tls-local.
pub fn authority(trust: Option<&Trust>) -> Result<Reply, Refusal> {
    let (_, authority) = must_be_own(trust)?;
    let mut reply = Reply::empty(200);
    reply.content_type = "application/x-x509-ca-cert".into();
    reply.body = authority.certificate.to_vec().into();
    Ok(guarded(reply))
}

/// `GET /trust/code`, open to all, also by plain HTTP: 200 with the QR code of the page's URL. 404 `NOT_FOUND`
/// without --tls-local, or where no phone reaches the server.
pub fn trust_code(trust: Option<&Trust>) -> Result<Reply, Refusal> {
    let (trust, _) = must_be_own(trust)?;
    let [url, _] = trust.urls().ok_or(Refusal::NotFound)?;
    let code = QrCode::with_error_correction_level(url, EcLevel::M).map_err(|_| Refusal::Internal)?;
    let mut reply = Reply::empty(200);
    reply.content_type = "image/svg+xml".into();
    reply.body = code.render::<svg::Color>().min_dimensions(WIDTH_MIN_PX, WIDTH_MIN_PX).build().into();
    Ok(guarded(reply))
}
