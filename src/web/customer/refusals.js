// What a person reads of a refusal of a visit, a booking or a ticket, and what to do next: Korean, English. Those of
// every call stand in words.js; those that only programs meet have no row: of them the server's own words are shown.

import { addWords } from '../shared/language.js';

export const refusals = {
  'refusal.INVALID_REQUEST': ['입력한 내용을 처리할 수 없습니다. 확인하고 다시 시도해 주세요.', 'This could not be taken as it was entered. Please check it and try again.'],
  'refusal.STORAGE_FULL': ['지금은 매표소가 새 예매를 받을 수 없습니다. 바뀐 것은 없습니다. 직원에게 알려 주세요.', 'The box office cannot take anything new right now. Nothing was changed; please tell the staff.'],
  'refusal.USER_KEY_INVALID': ['등록되지 않은 복구 코드입니다. 다시 확인해 주세요.', 'This recovery code is not known here. Please check it.'],
  'refusal.TOKEN_EXPIRED': ['예매 시간이 끝났습니다. 공연 목록에서 다시 시작해 주세요.', 'Your time to book is over. Begin again with the list of concerts.'],
  'refusal.TOKEN_INVALID': ['대기 정보를 찾을 수 없습니다. 공연 목록에서 다시 시작해 주세요.', 'Your place in the line is not known. Begin again with the list of concerts.'],
  'refusal.TOKEN_REQUIRED': ['먼저 예매 대기를 해야 합니다. 공연 목록에서 시작해 주세요.', 'You need to join the line first. Begin with the list of concerts.'],
  'refusal.TOKEN_WAITING': ['아직 차례가 되지 않았습니다. 대기 화면에서 기다려 주세요.', 'It is not your turn yet. Please wait in the line.'],
  'refusal.TOKEN_OTHER_LINE': ['이 공연은 다른 대기열에서 기다립니다. 공연 목록에서 공연을 다시 선택해 주세요.', 'This concert has another line. Choose the concert again from the list.'],
  'refusal.NOT_YOURS': ['다른 사람의 것입니다. 이 기기의 복구 코드를 확인해 주세요.', 'This belongs to someone else. Check the recovery code on this device.'],
  'refusal.CONCERT_NOT_FOUND': ['이 공연은 더 이상 없습니다. 공연 목록에서 다른 공연을 선택해 주세요.', 'This concert is no longer there. Choose another from the list.'],
  'refusal.SCHEDULE_NOT_FOUND': ['이 일정은 없습니다. 다른 일정을 선택해 주세요.', 'There is no such date. Please choose another.'],
  'refusal.SECTION_NOT_FOUND': ['이 구역이 없습니다. 다른 구역을 선택해 주세요.', 'There is no such section. Please choose another.'],
  'refusal.SEAT_NOT_FOUND': ['{seats} 좌석은 이제 없습니다. 다른 좌석을 선택해 주세요.', 'There is no seat {seats} any more. Please choose other seats.'],
  'refusal.SALE_NOT_OPEN': ['예매는 {saleOpensAt}에 시작됩니다. 그때 다시 시도해 주세요.', 'The sale opens on {saleOpensAt}. Please come back then.'],
  'refusal.SALE_CLOSED': ['예매가 {saleClosesAt}에 마감되었습니다. 다른 일정을 선택해 주세요.', 'The sale closed on {saleClosesAt}. Please choose another date.'],
  'refusal.SCHEDULE_CANCELLED': ['이 일정의 공연은 취소되었습니다. 다른 일정을 선택해 주세요.', 'This date was cancelled. Please choose another.'],
  'refusal.VISIT_OVER': ['예매 시간이 끝나 새 좌석을 선택할 수 없습니다. 이미 선택한 좌석은 결제할 수 있습니다. 더 예매하려면 다시 대기해 주세요.', 'Your time to book is over, so no new seats can be held. Seats you hold can still be paid. For more, join the line again.'],
  'refusal.RESERVATION_PENDING': ['결제하지 않은 좌석이 있습니다. 먼저 결제하거나 취소해 주세요.', 'You have unpaid seats. Pay for them or release them first.'],
  'refusal.SEAT_LIMIT': ['1인당 {seatsPerUser}석까지 예매할 수 있습니다.', 'One person may book at most {seatsPerUser} seats of a date.'],
  'refusal.SEAT_UNAVAILABLE': ['{seats} 좌석은 방금 다른 분이 선택했습니다. 다른 좌석을 선택해 주세요.', 'Someone was faster: {seats} was just taken. Please choose other seats.'],
  'refusal.TOO_FEW_FREE': ['빈 좌석이 부족합니다. 더 적은 수나 다른 구역으로 다시 찾아 주세요.', 'There are not enough free seats. Try fewer, or another section.'],
  'refusal.RESERVATION_NOT_FOUND': ['이 예매를 찾을 수 없습니다. 이 기기의 복구 코드가 맞는지 확인해 주세요.', 'This booking is not found. Check that the recovery code on this device is the right one.'],
  'refusal.RESERVATION_NOT_PENDING': ['이 예매는 더 이상 결제를 기다리지 않습니다. 내 티켓에서 확인해 주세요.', 'This booking no longer waits for its payment. See my tickets for what became of it.'],
  'refusal.RESERVATION_NOT_CONFIRMED': ['결제된 예매만 환불하거나 바꿀 수 있습니다. 내 티켓에서 확인해 주세요.', 'Only paid tickets can be refunded or exchanged. See my tickets.'],
  'refusal.REFUND_CLOSED': ['온라인 환불이 마감되었습니다. 사정이 있다면 창구에 문의해 주세요.', 'It is too late to refund these online. If you have a reason, please ask at the counter.'],
  'refusal.TICKET_CHECKED_IN': ['이미 입장한 티켓은 환불할 수 없습니다.', 'A ticket that was used at the door cannot be refunded.'],
  'refusal.TICKET_VOID': ['이 티켓은 이제 유효하지 않습니다. 새로 고쳐 주세요.', 'This ticket is no longer valid. Reload the page, please.'],
  'refusal.TOP_UP_BY_STAFF_ONLY': ['포인트는 창구에서만 충전할 수 있습니다. 창구에서 충전하면 이 화면에 바로 나타납니다.', 'Points are sold at the counter only. Once bought there, they show up here.'],
  'refusal.BALANCE_LIMIT': ['잔액은 1,000,000,000포인트를 넘을 수 없습니다. 더 적게 충전해 주세요.', 'A balance may not pass 1,000,000,000 points. Please top up less.'],
  'refusal.AMOUNT_MISMATCH': ['금액이 바뀌었습니다. 화면을 새로 불러와 금액을 확인해 주세요.', 'The amount has changed. Reload the page and check it, please.'],
  'refusal.ALREADY_PAID': ['이미 결제되었습니다. 내 티켓에서 볼 수 있습니다.', 'This was paid already. Your tickets are in my tickets.'],
  'refusal.HOLD_EXPIRED': ['결제 시간이 지나 좌석 선택이 해제되었습니다. 아직 비어 있으면 다시 선택할 수 있습니다.', 'The time to pay ran out and the seats were released. If they are still free, choose them again.'],
  'refusal.INSUFFICIENT_BALANCE': ['포인트가 {shortfall} 부족해 결제되지 않았습니다. 충전한 뒤 다시 시도해 주세요.', 'You need {shortfall} more points, so the payment was declined. Top up, then try again.'],
  'refusal.USER_BANNED': ['공연장이 예매를 정지해 예매할 수 없습니다. 결제한 티켓은 그대로 쓸 수 있습니다. 창구에 문의해 주세요.', 'The venue has stopped your bookings. Tickets that are paid stay good. Please ask at the counter.'],
  'refusal.IDEMPOTENCY_KEY_REUSED': ['같은 요청이 다른 내용으로 이미 처리되었습니다. 화면을 새로 불러와 주세요.', 'This was sent before with other contents. Please reload the page.'],
};

addWords(refusals);
