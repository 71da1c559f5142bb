//! What people read of each refusal, in Korean and English: a title, what happened, and what to do.

use super::{Code, Language};

/// The texts of one code in one language.
pub(super) struct Text {
    pub title: &'static str,
    pub detail: &'static str,
    pub remedy: &'static str,
}

/// English, then Korean: title, what happened, what to do.
type Both = [[&'static str; 3]; 2];

pub(super) fn of(code: Code, language: Language) -> Text {
    let [en, ko] = both(code);
    let [title, detail, remedy] = match language {
        Language::En => en,
        Language::Ko => ko,
    };
    Text { title, detail, remedy }
}

// One row a code, so that both languages are read and changed together; longer than a screen because it is a table.
#[rustfmt::skip]
fn both(code: Code) -> Both {
    match code {
        Code::InvalidJson => [
            ["Not valid JSON", "The body could not be read as JSON in UTF-8.", "Send one JSON object, encoded in UTF-8."],
            ["올바른 JSON이 아닙니다", "본문을 UTF-8 JSON으로 읽을 수 없습니다.", "UTF-8로 된 JSON 객체 하나를 보내 주세요."],
        ],
        Code::InvalidRequest => [
            ["Request not understood", "One place of the request is not as it should be.", "Correct the place named by 'pointer' and send the request again."],
            ["요청을 이해할 수 없습니다", "요청의 한 부분이 올바르지 않습니다.", "'pointer'가 가리키는 부분을 고쳐 다시 보내 주세요."],
        ],
        Code::InvalidHeader => [
            ["Header not valid", "The head of the request, or the framing of its body, breaks the rules of HTTP or of this API.", "Correct the request line, header field or chunks and send the request again."],
            ["헤더가 올바르지 않습니다", "요청의 머리 부분이나 본문의 전송 형식이 HTTP 또는 이 API의 규칙에 맞지 않습니다.", "요청 줄이나 헤더, 청크를 고쳐 다시 보내 주세요."],
        ],
        Code::NotFound => [
            ["Nothing here", "There is nothing at this address.", "Check the path; /api/v1/openapi.json lists every one."],
            ["찾을 수 없습니다", "이 주소에는 아무것도 없습니다.", "경로를 확인해 주세요. 모든 경로는 /api/v1/openapi.json에 있습니다."],
        ],
        Code::TestServerOnly => [
            ["Only on a server for tests", "This server keeps what people do, so it has no calls for tests.", "Start a server for tests with boxoffice serve --ephemeral or --test-clock; its clock is turned with --test-clock only."],
            ["테스트 서버 전용입니다", "이 서버는 실제 판매를 기록하므로 테스트용 호출이 없습니다.", "boxoffice serve --ephemeral 또는 --test-clock으로 테스트 서버를 시작해 주세요. 시계는 --test-clock으로 시작한 서버에서만 돌릴 수 있습니다."],
        ],
        Code::CourseUnmapped => [
            ["No counterpart here", "The course's table names this call as one that nothing here corresponds to.", "Read the reason in the answer, or use the API: /api/v1/openapi.json lists every call."],
            ["대응하는 호출이 없습니다", "과정의 표에 이 호출은 여기에 대응하는 것이 없다고 적혀 있습니다.", "응답에 적힌 이유를 읽거나 API를 사용해 주세요. 모든 호출은 /api/v1/openapi.json에 있습니다."],
        ],
        Code::SnapshotNotFound => [
            ["No such snapshot", "No snapshot of this name was taken, or it was deleted.", "Take one first, or ask for the list."],
            ["스냅샷이 없습니다", "이 이름의 스냅샷은 만들어진 적이 없거나 삭제되었습니다.", "먼저 스냅샷을 만들거나 목록을 확인해 주세요."],
        ],
        Code::SnapshotLimit => [
            ["No room for a snapshot", "'snapshotsMax' snapshots are kept at most, and 'maxBytes' bytes of them and of the start together.", "Delete a snapshot, or use a smaller file."],
            ["스냅샷을 더 둘 수 없습니다", "스냅샷은 'snapshotsMax'개까지, 시작 상태와 합쳐 'maxBytes' 바이트까지만 보관합니다.", "스냅샷을 삭제하거나 더 작은 파일을 사용해 주세요."],
        ],
        Code::MethodNotAllowed => [
            ["Method not allowed", "This address does not take this method.", "Use one of the methods in the Allow header."],
            ["허용되지 않는 메서드입니다", "이 주소는 이 메서드를 받지 않습니다.", "Allow 헤더에 있는 메서드를 사용해 주세요."],
        ],
        Code::RequestTimeout => [
            ["Request took too long", "The whole request did not arrive in time.", "Send the request again, without pauses."],
            ["요청 시간이 초과되었습니다", "요청 전체가 제시간에 도착하지 않았습니다.", "멈추지 말고 요청을 다시 보내 주세요."],
        ],
        Code::LengthRequired => [
            ["Transfer coding not taken", "Bodies are taken with a Content-Length or in chunks, with no other Transfer-Encoding.", "Send the body with its length in Content-Length, or with Transfer-Encoding: chunked alone."],
            ["받지 않는 전송 인코딩입니다", "본문은 Content-Length 또는 chunked로만 받으며, 다른 Transfer-Encoding은 받지 않습니다.", "본문의 길이를 Content-Length로 보내거나 Transfer-Encoding: chunked만 사용해 주세요."],
        ],
        Code::BodyTooLarge => [
            ["Body too large", "The body is larger than this address takes.", "Send at most 'maxBytes' bytes."],
            ["본문이 너무 큽니다", "본문이 이 주소가 받는 크기보다 큽니다.", "'maxBytes' 바이트 이하로 보내 주세요."],
        ],
        Code::UnsupportedMediaType => [
            ["Media type not supported", "Bodies are taken as application/json only, and not compressed.", "Send the body as JSON with Content-Type: application/json and without a Content-Encoding."],
            ["지원하지 않는 형식입니다", "본문은 application/json 형식만 받으며, 압축된 본문은 받지 않습니다.", "본문을 JSON으로, Content-Type: application/json과 함께 Content-Encoding 없이 보내 주세요."],
        ],
        Code::ExpectationFailed => [
            ["Expectation not met", "The only expectation that is met is 100-continue.", "Leave the Expect header out."],
            ["기대 조건을 충족할 수 없습니다", "100-continue 외의 Expect는 처리하지 않습니다.", "Expect 헤더를 빼고 보내 주세요."],
        ],
        Code::TooManyRequests => [
            ["Too many requests", "More requests came from this address than are taken at once.", "Wait as long as Retry-After says, then try again."],
            ["요청이 너무 많습니다", "이 주소에서 한 번에 받을 수 있는 것보다 많은 요청이 왔습니다.", "Retry-After만큼 기다린 뒤 다시 시도해 주세요."],
        ],
        Code::HeadTooLarge => [
            ["Head too large", "The request line and header fields are larger or more than are taken.", "Send fewer and shorter header fields."],
            ["헤더가 너무 큽니다", "요청 줄과 헤더가 너무 크거나 너무 많습니다.", "헤더를 줄여서 보내 주세요."],
        ],
        Code::Internal => [
            ["Something went wrong here", "An error of our own kept this request from being done; it stands in the log under the request's id.", "Try again; if it goes on, tell staff the X-Request-Id."],
            ["내부 오류가 발생했습니다", "서버 내부 오류로 요청을 처리하지 못했습니다. 요청 번호로 로그에 남아 있습니다.", "다시 시도해 주세요. 계속되면 직원에게 X-Request-Id를 알려 주세요."],
        ],
        Code::Overloaded => [
            ["Too busy right now", "There is more to do than can be queued; nothing was changed.", "Wait as long as Retry-After says, then try again."],
            ["지금은 너무 바쁩니다", "처리할 일이 대기열보다 많습니다. 아무것도 바뀌지 않았습니다.", "Retry-After만큼 기다린 뒤 다시 시도해 주세요."],
        ],
        Code::Stopping => [
            ["The box office is closing", "The server is being stopped and takes nothing new; nothing was changed.", "Try again in a moment, when it is back."],
            ["서버가 종료되는 중입니다", "서버가 종료되고 있어 새 요청을 받지 않습니다. 아무것도 바뀌지 않았습니다.", "잠시 뒤 서버가 다시 열리면 시도해 주세요."],
        ],
        Code::NotReady => [
            ["Not ready", "The server can't write right now; 'reason' is the code of what keeps it.", "Look at the disk and the log; asking again is harmless."],
            ["준비되지 않았습니다", "지금은 서버가 쓸 수 없습니다. 이유의 코드는 'reason'에 있습니다.", "디스크와 로그를 확인해 주세요. 다시 물어보아도 괜찮습니다."],
        ],
        Code::VersionNotSupported => [
            ["HTTP version not supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here.", "Send the request as HTTP/1.1."],
            ["지원하지 않는 HTTP 버전입니다", "HTTP/1.1과 HTTP/1.0만 지원합니다.", "HTTP/1.1로 요청해 주세요."],
        ],
        Code::StorageFull => [
            ["Disk full", "There is no room left on the server's disk; nothing was changed, and reading goes on.", "Make room on the disk; writing works again at once."],
            ["디스크가 가득 찼습니다", "서버 디스크에 공간이 없습니다. 아무것도 바뀌지 않았고 조회는 계속됩니다.", "디스크 공간을 확보하면 바로 다시 쓸 수 있습니다."],
        ],
        Code::UserKeyInvalid => [
            ["User key not valid", "This user id and user key do not belong together.", "Check both, or ask staff for a new key."],
            ["사용자 키가 올바르지 않습니다", "사용자 ID와 사용자 키가 서로 맞지 않습니다.", "둘 다 확인하거나 직원에게 새 키를 요청해 주세요."],
        ],
        Code::StaffKeyInvalid => [
            ["Staff key not valid", "This call needs the staff key.", "Send it as Authorization: Bearer <staffKey>."],
            ["직원 키가 올바르지 않습니다", "이 요청에는 직원 키가 필요합니다.", "Authorization: Bearer <staffKey>로 보내 주세요."],
        ],
        Code::RoleNotAllowed => [
            ["Not for this role", "The role of this staff key does not include this call; 'allowed' lists the roles that do.", "Ask somebody of such a role, or an admin for another key."],
            ["이 역할로는 할 수 없습니다", "이 직원 키의 역할로는 이 호출을 할 수 없습니다. 가능한 역할은 'allowed'에 있습니다.", "해당 역할의 직원에게 부탁하거나 관리자에게 다른 키를 요청해 주세요."],
        ],
        Code::StaffKeyNotFound => [
            ["No such staff key", "There is no staff key with this id.", "GET /api/v1/staff/keys lists them."],
            ["직원 키가 없습니다", "이 ID의 직원 키가 없습니다.", "GET /api/v1/staff/keys에서 확인해 주세요."],
        ],
        Code::StaffNameTaken => [
            ["Name already has a key", "Somebody of this name has a key that is not revoked, and each name stands for one key, so that the events feed says who did what.", "Choose another name, or revoke the key of this name first."],
            ["이미 키가 있는 이름입니다", "이 이름에는 폐기되지 않은 키가 이미 있습니다. 누가 무엇을 했는지 남도록 이름마다 키는 하나입니다.", "다른 이름을 쓰거나 그 이름의 키를 먼저 폐기해 주세요."],
        ],
        Code::StaffKeyLimit => [
            ["Too many staff keys", "There are as many staff keys as there may be; 'keysMax' says how many.", "Revoke keys that nobody uses."],
            ["직원 키가 너무 많습니다", "만들 수 있는 직원 키를 모두 만들었습니다. 한도는 'keysMax'입니다.", "쓰지 않는 키를 폐기해 주세요."],
        ],
        Code::LastAdminKey => [
            ["The last admin key", "Without this key nobody could make or revoke keys.", "Make another key with the role admin first."],
            ["마지막 관리자 키입니다", "이 키가 없으면 아무도 키를 만들거나 폐기할 수 없습니다.", "관리자 역할의 키를 하나 더 만든 뒤 폐기해 주세요."],
        ],
        Code::WebhookNotFound => [
            ["No such webhook", "There is no webhook with this id.", "GET /api/v1/staff/webhooks lists them."],
            ["웹훅이 없습니다", "이 ID의 웹훅이 없습니다.", "GET /api/v1/staff/webhooks에서 확인해 주세요."],
        ],
        Code::WebhookLimit => [
            ["Too many webhooks", "There are as many webhooks as there may be; 'webhooksMax' says how many.", "Delete those that nobody needs."],
            ["웹훅이 너무 많습니다", "만들 수 있는 웹훅을 모두 만들었습니다. 한도는 'webhooksMax'입니다.", "필요 없는 웹훅을 지워 주세요."],
        ],
        Code::TokenRequired => [
            ["Queue token required", "This call needs a queue token.", "Get one with POST /api/v1/queue/tokens and send it as Authorization: Bearer <token>."],
            ["대기열 토큰이 필요합니다", "이 요청에는 대기열 토큰이 필요합니다.", "POST /api/v1/queue/tokens로 토큰을 받아 Authorization: Bearer <token>으로 보내 주세요."],
        ],
        Code::TokenInvalid => [
            ["Queue token not valid", "This is not a token of this box office.", "Get a token with POST /api/v1/queue/tokens."],
            ["대기열 토큰이 올바르지 않습니다", "이 매표소에서 발급한 토큰이 아닙니다.", "POST /api/v1/queue/tokens로 토큰을 받아 주세요."],
        ],
        Code::TokenExpired => [
            ["Queue token expired", "This token is no longer valid; 'reason' says why.", "Line up again with POST /api/v1/queue/tokens."],
            ["대기열 토큰이 만료되었습니다", "이 토큰은 더 이상 유효하지 않습니다. 이유는 'reason'에 있습니다.", "POST /api/v1/queue/tokens로 다시 대기해 주세요."],
        ],
        Code::TokenOtherLine => [
            ["Queue token of another line", "This token stands in another line than the one of this concert, which is its own or the one that concerts share. Where it stands it is as good as before.", "Get a token for the line of this concert with POST /api/v1/queue/tokens and its 'concertId'."],
            ["다른 대기열의 토큰입니다", "이 공연에는 전용 대기열이 있거나 공용 대기열을 함께 쓰는데, 이 토큰은 다른 대기열의 것입니다. 토큰은 원래 대기열에서 그대로 쓸 수 있습니다.", "POST /api/v1/queue/tokens에 'concertId'를 넣어 이 공연의 대기열 토큰을 받아 주세요."],
        ],
        Code::LineLimit => [
            ["Too many lines", "As many concerts have a line of their own as may; 'linesMax' says how many.", "Close the line of a concert that needs none any more."],
            ["대기열이 너무 많습니다", "전용 대기열을 둘 수 있는 공연 수를 모두 썼습니다. 한도는 'linesMax'입니다.", "더 필요 없는 공연의 전용 대기열을 닫아 주세요."],
        ],
        Code::TokenWaiting => [
            ["Still waiting in line", "This token has not been admitted yet.", "Keep polling GET /api/v1/queue/token until its status is ACTIVE."],
            ["아직 대기 중입니다", "이 토큰은 아직 차례가 되지 않았습니다.", "status가 ACTIVE가 될 때까지 GET /api/v1/queue/token을 계속 조회해 주세요."],
        ],
        Code::NotYours => [
            ["Not yours", "This belongs to another user.", "Use your own user id."],
            ["본인의 것이 아닙니다", "다른 사용자의 것입니다.", "본인의 사용자 ID를 사용해 주세요."],
        ],
        Code::UserNotFound => [
            ["No such user", "There is no user with this id.", "Check the id; staff find users by name."],
            ["사용자가 없습니다", "이 ID의 사용자가 없습니다.", "ID를 확인해 주세요. 직원은 이름으로 찾을 수 있습니다."],
        ],
        Code::UserBanned => [
            ["Not allowed to book", "The venue has banned this user: they get no place in the line and buy nothing.", "Talk to the venue; tickets that are paid stay good."],
            ["예매할 수 없습니다", "공연장이 예매를 정지한 사용자라 대기하거나 살 수 없습니다.", "공연장에 문의해 주세요. 결제된 티켓은 그대로 유효합니다."],
        ],
        Code::UserInUse => [
            ["Account still in use", "The account has points or seats of a date to come; 'balance' and 'reservationIds' name them.", "Spend the points or have them paid out, and give the seats back or wait until the date is over."],
            ["아직 쓰이는 계정입니다", "계정에 포인트나 앞으로 올 일정의 좌석이 남아 있습니다. 'balance'와 'reservationIds'에 있습니다.", "포인트를 쓰거나 돈으로 받고, 좌석을 돌려주거나 일정이 끝난 뒤에 다시 시도해 주세요."],
        ],
        Code::NoDraw => [
            ["No draw yet", "There has been no draw of the waiting line.", "Ask again after the opening time."],
            ["추첨이 없습니다", "아직 대기열 추첨이 없었습니다.", "개시 시각 이후에 다시 조회해 주세요."],
        ],
        Code::ConcertNotFound => [
            ["No such concert", "There is no concert with this id.", "GET /api/v1/concerts lists them."],
            ["공연이 없습니다", "이 ID의 공연이 없습니다.", "GET /api/v1/concerts에서 목록을 확인해 주세요."],
        ],
        Code::ScheduleNotFound => [
            ["No such date", "There is no schedule with this id, or none on this date.", "GET /api/v1/concerts/{concertId}/schedules lists them."],
            ["공연 일정이 없습니다", "이 ID나 그날에 해당하는 일정이 없습니다.", "GET /api/v1/concerts/{concertId}/schedules에서 확인해 주세요."],
        ],
        Code::SectionNotFound => [
            ["No such section", "This schedule has no section of that name.", "The seat map names every section."],
            ["구역이 없습니다", "이 일정에는 그런 이름의 구역이 없습니다.", "좌석표에서 구역 이름을 확인해 주세요."],
        ],
        Code::SeatNotFound => [
            ["No such seat", "This schedule has no seat of that label.", "The seat map lists every seat."],
            ["좌석이 없습니다", "이 일정에는 그런 좌석이 없습니다.", "좌석표에서 좌석을 확인해 주세요."],
        ],
        Code::DateAmbiguous => [
            ["Several on that date", "The concert plays more than once on that date; 'scheduleIds' lists them.", "Say which with scheduleId."],
            ["그 날짜에 일정이 여럿입니다", "그 날짜에 공연이 두 번 이상 있습니다. 'scheduleIds'에 목록이 있습니다.", "scheduleId로 하나를 지정해 주세요."],
        ],
        Code::SaleNotOpen => [
            ["Sale not open yet", "The sale for this date opens at 'saleOpensAt'.", "Come back when it has opened."],
            ["아직 예매 시작 전입니다", "이 일정의 예매는 'saleOpensAt'에 시작합니다.", "예매가 시작된 뒤 다시 시도해 주세요."],
        ],
        Code::SaleClosed => [
            ["Sale closed", "The sale for this date closed at 'saleClosesAt'.", "Choose another date."],
            ["예매가 마감되었습니다", "이 일정의 예매는 'saleClosesAt'에 마감되었습니다.", "다른 일정을 선택해 주세요."],
        ],
        Code::ScheduleCancelled => [
            ["Date cancelled", "This date was cancelled: nothing is sold for it any more, and what was paid is given back.", "Choose another date."],
            ["취소된 공연입니다", "이 일정은 취소되어 더 이상 예매할 수 없고, 결제한 포인트는 돌려드립니다.", "다른 일정을 선택해 주세요."],
        ],
        Code::VisitOver => [
            ["Visit over", "The visit's own time is over; it lasts only to pay for the seats already held.", "Pay for the seats that are held, or line up again."],
            ["예매 시간이 끝났습니다", "예매 시간이 끝나 이미 선택한 좌석의 결제만 할 수 있습니다.", "선택한 좌석을 결제하거나 다시 대기해 주세요."],
        ],
        Code::ReservationPending => [
            ["A reservation is still unpaid", "There is already an unpaid reservation of this user; 'reservationId' names it.", "Pay for it or cancel it first."],
            ["결제하지 않은 예매가 있습니다", "이 사용자에게 아직 결제하지 않은 예매가 있습니다. 'reservationId'를 확인해 주세요.", "먼저 그 예매를 결제하거나 취소해 주세요."],
        ],
        Code::SeatLimit => [
            ["Too many seats", "One user may have at most 'seatsPerUser' seats of this date.", "Choose fewer seats."],
            ["좌석 수 제한을 넘었습니다", "이 일정에서는 한 사람이 'seatsPerUser'석까지만 가질 수 있습니다.", "좌석을 더 적게 선택해 주세요."],
        ],
        Code::SeatUnavailable => [
            ["Seats already taken", "Some of these seats are not free.", "Look at the seat map again and choose others."],
            ["이미 선택된 좌석입니다", "비어 있지 않은 좌석이 있습니다.", "좌석표를 다시 보고 다른 좌석을 선택해 주세요."],
        ],
        Code::LayoutInUse => [
            ["Layout in use", "Seats of this date were held or sold already, so its layout stays.", "Block single seats, or make another schedule."],
            ["사용 중인 배치입니다", "이 일정의 좌석이 이미 선택되었거나 팔려 배치를 바꿀 수 없습니다.", "좌석을 하나씩 막거나 새 일정을 만들어 주세요."],
        ],
        Code::DateInUse => [
            ["Date in use", "Seats of the dates in 'scheduleIds' were held or sold at some time, so the books keep them.", "Cancel a date that does not take place: everybody gets their points back, and nothing more is sold."],
            ["사용된 일정입니다", "'scheduleIds'의 일정에서 좌석이 선택되거나 팔린 적이 있어 장부에 남아야 합니다.", "열리지 않는 일정은 취소해 주세요. 모두 포인트를 돌려받고 더는 팔리지 않습니다."],
        ],
        Code::ReservationNotFound => [
            ["No such reservation", "There is no reservation of yours like this.", "GET /api/v1/reservations lists your own."],
            ["예매가 없습니다", "해당하는 본인의 예매가 없습니다.", "GET /api/v1/reservations에서 본인의 예매를 확인해 주세요."],
        ],
        Code::ReservationNotPending => [
            ["Reservation not pending", "The reservation is no longer waiting for its payment; 'reservationStatus' says what it is.", "Reserve again if the seats are free."],
            ["결제 대기 중인 예매가 아닙니다", "이 예매는 더 이상 결제를 기다리지 않습니다. 'reservationStatus'를 확인해 주세요.", "좌석이 비어 있으면 다시 예매해 주세요."],
        ],
        Code::ReservationNotConfirmed => [
            ["Reservation not confirmed", "Only a paid reservation can be refunded or exchanged; 'reservationStatus' says what this one is.", "Look at the reservation: an unpaid one is cancelled, a refunded one has its points back."],
            ["확정된 예매가 아닙니다", "결제가 끝난 예매만 환불하거나 교환할 수 있습니다. 이 예매의 상태는 'reservationStatus'에 있습니다.", "예매를 확인해 주세요. 결제 전이면 취소하면 되고, 환불된 예매면 포인트가 이미 돌아갔습니다."],
        ],
        Code::RefundClosed => [
            ["Refund closed", "You could give this reservation back until 'refundUntil'; null says that this date can't be given back.", "Ask at the counter: the staff can still refund it."],
            ["환불 기간이 지났습니다", "이 예매는 'refundUntil'까지만 직접 환불할 수 있습니다. null이면 직접 환불할 수 없는 일정입니다.", "창구에 문의해 주세요. 직원은 환불해 드릴 수 있습니다."],
        ],
        Code::TopUpByStaffOnly => [
            ["Points are sold at the counter", "At this venue only staff top up points.", "Go to the counter."],
            ["충전은 창구에서만 할 수 있습니다", "이곳에서는 직원만 포인트를 충전합니다.", "창구로 와 주세요."],
        ],
        Code::BalanceLimit => [
            ["Balance too high", "A balance may not pass 1,000,000,000 points.", "Top up less."],
            ["잔액 한도를 넘습니다", "잔액은 1,000,000,000포인트를 넘을 수 없습니다.", "더 적게 충전해 주세요."],
        ],
        Code::BalanceTooLow => [
            ["Balance too low", "The balance has fewer points than that; 'balance' says how many.", "Take off at most the balance."],
            ["잔액이 부족합니다", "잔액에 그만큼의 포인트가 없습니다. 지금 잔액은 'balance'입니다.", "잔액 이하로 빼거나 내주세요."],
        ],
        Code::TicketNotFound => [
            ["No such ticket", "There is no such ticket here.", "Check the id or the number; one's own tickets stand in their reservations."],
            ["티켓이 없습니다", "해당하는 티켓이 없습니다.", "ID나 번호를 확인해 주세요. 본인의 티켓은 예매에서 볼 수 있습니다."],
        ],
        Code::TicketCodeInvalid => [
            ["Not a code of this venue", "The code was not signed by this venue, or it is damaged; 'reason' tells NOT_A_TICKET (another code, or one read in part) from SIGNATURE (forged, damaged, or of another venue).", "Scan it again; if that does not help, type the number that stands beside it."],
            ["이곳의 티켓 코드가 아닙니다", "이곳에서 서명한 코드가 아니거나 손상되었습니다. 'reason'이 NOT_A_TICKET이면 다른 코드이거나 일부만 읽힌 것이고, SIGNATURE이면 위조, 손상 또는 다른 곳의 티켓입니다.", "다시 찍어 보고, 그래도 안 되면 옆에 적힌 번호를 입력해 주세요."],
        ],
        Code::TicketForOtherDate => [
            ["Ticket for another date", "The ticket is sound, but not for the date that is let in here; 'scheduleId' and 'startsAt' say for which.", "Show it on its own date."],
            ["다른 일정의 티켓입니다", "올바른 티켓이지만 지금 입장하는 일정의 것이 아닙니다. 어느 일정인지는 'scheduleId'와 'startsAt'에 있습니다.", "티켓에 적힌 날짜에 와 주세요."],
        ],
        Code::TicketVoid => [
            ["Ticket void", "The reservation of this ticket was refunded, or its date is cancelled.", "Send its owner to the box office."],
            ["무효인 티켓입니다", "이 티켓의 예매가 환불되었거나 공연 날짜가 취소되었습니다.", "창구로 안내해 주세요."],
        ],
        Code::AlreadyCheckedIn => [
            ["Already checked in", "Somebody went in with this ticket before; 'at' and 'door' say when and where.", "If that scan was a mistake, undo it: DELETE /api/v1/staff/checkins/{ticketId}."],
            ["이미 입장한 티켓입니다", "이 티켓으로 이미 입장했습니다. 언제 어디서인지는 'at'과 'door'에 있습니다.", "잘못 찍은 것이라면 DELETE /api/v1/staff/checkins/{ticketId}로 취소해 주세요."],
        ],
        Code::TicketNotCheckedIn => [
            ["Not checked in", "Nobody is in with this ticket, so there is nothing to take back.", "Nothing is left to do."],
            ["입장하지 않은 티켓입니다", "이 티켓으로 입장한 사람이 없어 취소할 것이 없습니다.", "더 할 일이 없습니다."],
        ],
        Code::TicketCheckedIn => [
            ["Somebody went in already", "A ticket of this reservation was used at the door, so it is not refunded, exchanged or made out anew; 'ticketId' and 'at' say which and when.", "If the scan was a mistake, undo it at the door first."],
            ["이미 입장한 티켓이 있습니다", "이 예매의 티켓으로 이미 입장했으므로 환불하거나 교환하거나 다시 발급할 수 없습니다. 어느 티켓이 언제인지는 'ticketId'와 'at'에 있습니다.", "잘못 찍은 것이라면 먼저 입장에서 취소해 주세요."],
        ],
        Code::PaymentNotFound => [
            ["No such payment", "There is no payment of yours with this id.", "A reservation names its payment."],
            ["결제가 없습니다", "이 ID의 본인 결제가 없습니다.", "예매에서 결제 ID를 확인해 주세요."],
        ],
        Code::AmountMismatch => [
            ["Amount does not match", "The amount is not the price of the reserved seats; 'expected' is.", "Pay exactly 'expected'."],
            ["금액이 맞지 않습니다", "금액이 예매한 좌석의 가격과 다릅니다. 맞는 금액은 'expected'입니다.", "'expected' 금액으로 결제해 주세요."],
        ],
        Code::AlreadyPaid => [
            ["Already paid", "This reservation was paid before; 'paymentId' names the payment.", "Nothing is left to do: the seats are yours."],
            ["이미 결제되었습니다", "이 예매는 이미 결제되었습니다. 'paymentId'를 확인해 주세요.", "더 할 일이 없습니다. 좌석은 고객님의 것입니다."],
        ],
        Code::HoldExpired => [
            ["Hold expired", "The time to pay is over and the seats were given back.", "Reserve again if the seats are still free."],
            ["결제 시간이 지났습니다", "결제 시간이 지나 좌석이 반환되었습니다.", "좌석이 아직 비어 있으면 다시 예매해 주세요."],
        ],
        Code::InsufficientBalance => [
            ["Not enough points", "The balance is lower than the price: the payment was declined.", "Top up by 'shortfall'; when 'attemptsLeft' is 0 the seats were given back, so reserve again."],
            ["잔액이 부족합니다", "잔액이 가격보다 적어 결제가 거절되었습니다.", "'shortfall'만큼 충전해 주세요. 'attemptsLeft'가 0이면 좌석이 반환되었으니 다시 예매해 주세요."],
        ],
        Code::IdempotencyKeyReused => [
            ["Idempotency key reused", "This Idempotency-Key was used before for a different request.", "Use a fresh key for each new request."],
            ["멱등 키가 재사용되었습니다", "이 Idempotency-Key는 다른 요청에 이미 사용되었습니다.", "새 요청마다 새 키를 사용해 주세요."],
        ],
    }
}
