// What staff read of refusals whose own words are for programs: Korean,
// English. What has no row is said in the server's words.

import { addWords } from '../shared/language.js';

export const refusals = {
  'refused.INVALID_REQUEST': ['입력한 내용을 처리할 수 없습니다. 확인하고 다시 시도해 주세요.', 'This could not be taken as it was entered. Please check it and try again.'],
  'refused.at.saleClosesAt': ['판매 종료는 판매 시작보다 나중이어야 합니다.', 'The sale has to close later than it opens.'],
  'refused.at.saleOpensAt': ['판매 시작은 공연 시작보다 일러야 합니다.', 'The sale has to open before the date begins.'],
  'refused.at.startsAt': ['이 시각을 쓸 수 없습니다. 다시 확인해 주세요.', 'This time cannot be used. Please check it.'],
  'refused.at.until': ['앞으로 올 시각이고, 일정이 시작하는 때보다 나중이 아니어야 합니다. 시작한 뒤에는 한 시간까지 맡아 둘 수 있습니다.', 'It must lie ahead, and not after the start of the date. Once that is near or past, seats are kept for an hour at most.'],
  'refused.at.opensAt': ['지금보다 나중이어야 합니다.', 'It must lie ahead.'],
  'refused.at.layout': ['이 좌석 배치를 쓸 수 없습니다. 구역 이름과 좌석 수, 가격을 확인해 주세요.', 'These seats cannot be used. Please check the names of sections, the numbers and the prices.'],
  'refused.RESERVATION_NOT_CONFIRMED': ['결제가 끝난 예매만 환불하거나 교환할 수 있습니다. 화면을 새로 고쳐 상태를 확인해 주세요.', 'Only a paid booking can be refunded or exchanged. Reload the page to see how it stands.'],
  'refused.TICKET_CHECKED_IN': ['이 예매의 티켓으로 이미 입장했으므로 환불하거나 교환하거나 다시 발급할 수 없습니다. 잘못 찍은 것이라면 먼저 입장 확인에서 되돌려 주세요.', 'Somebody went in with a ticket of this booking, so it is not refunded, exchanged or made out anew. If that scan was a mistake, take it back at the door first.'],
  'refused.DATE_IN_USE': ['한 좌석이라도 선택되거나 팔린 적이 있어 삭제할 수 없습니다. 열리지 않는 공연이라면 일정을 취소해 주세요.', 'Seats were held or sold, so it cannot be deleted. If it does not take place, cancel the date.'],
  'refused.LAYOUT_IN_USE': ['이미 선택되거나 팔린 좌석이 있어 배치를 바꿀 수 없습니다.', 'Seats are held or sold, so the layout stays as it is.'],
  'refused.SEAT_UNAVAILABLE': ['방금 다른 분이 이 좌석을 선택했습니다. 좌석표에서 확인해 주세요.', 'Somebody has just taken this seat. Please look at the map.'],
  'refused.SCHEDULE_NOT_FOUND': ['이 일정은 없습니다.', 'There is no such date.'],
  'refused.CONCERT_NOT_FOUND': ['이 공연은 없습니다.', 'There is no such concert.'],
  'refused.USER_NOT_FOUND': ['이 고객을 찾을 수 없습니다. 번호를 확인해 주세요.', 'There is no such customer. Please check the number.'],
  'refused.RESERVATION_NOT_FOUND': ['이 예매를 찾을 수 없습니다.', 'There is no such booking.'],
  'refused.ROLE_NOT_ALLOWED': ['이 직원 키로는 할 수 없는 일입니다. 관리자에게 문의해 주세요.', 'This staff key may not do that. Please ask an admin.'],
  'refused.STAFF_KEY_NOT_FOUND': ['이 직원 키는 없습니다.', 'There is no such staff key.'],
  'refused.LINE_LIMIT': ['전용 대기열이 너무 많습니다. 더 필요 없는 공연의 대기열을 닫아 주세요.', 'Too many concerts have a line of their own. Close one that is not needed any more.'],
  'refused.STAFF_KEY_LIMIT': ['직원 키가 너무 많습니다. 쓰지 않는 키를 폐기해 주세요.', 'There are too many staff keys. Revoke those that nobody uses.'],
  'refused.at.url': ['이 주소로는 보낼 수 없습니다. https로 시작하는 주소인지 확인해 주세요. 사설망의 주소는 서버 설정(--webhook-networks)으로 허용해야 합니다.', 'Nothing can be sent to this address. It begins with https, and one of a private network must be allowed in the server’s settings (--webhook-networks).'],
  'refused.WEBHOOK_NOT_FOUND': ['이 웹훅은 없습니다.', 'There is no such webhook.'],
  'refused.WEBHOOK_LIMIT': ['웹훅이 너무 많습니다. 필요 없는 것을 지워 주세요.', 'There are too many webhooks. Delete those that nobody needs.'],
  'refused.TOKEN_INVALID': ['이 고객은 대기 중이거나 예매 중이 아닙니다.', 'This customer is neither waiting nor booking.'],
  'refused.TOKEN_EXPIRED': ['이 고객의 대기나 예매는 이미 끝났습니다.', 'The place of this customer is over already.'],
};

addWords(refusals);
