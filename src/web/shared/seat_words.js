// Texts of the seat map: Korean, English.

import { addWords } from './language.js';

export const seats = {
  'seat.free': ['예매 가능', 'free'],
  'seat.chosen': ['선택함', 'chosen'],
  'seat.mine': ['내 좌석', 'yours'],
  'seat.held': ['결제 진행 중', 'being paid for'],
  'seat.sold': ['판매 완료', 'sold'],
  'seat.blocked': ['판매 안 함', 'not for sale'],
  'attribute.WHEELCHAIR': ['휠체어석', 'wheelchair space'],
  'attribute.COMPANION': ['동반자석', 'companion seat'],
  'attribute.RESTRICTED_VIEW': ['시야 제한', 'restricted view'],
  'seat.noPrice': ['가격 없음', 'no price'],
  'seatName.class': ['{section}석', '{section}'],
  'seatName.section': ['{section} 구역', '{section}'],
  'seatName.row': ['{row}열', 'row {row}'],
  'seatName.number': ['{number}번', 'seat {number}'],
  'seatName.between': [' ', ', '],
  'handOver.begin': ['다른 분께 건네기…', 'Hand over…'],
  'handOver.title': ['{seat} 티켓을 다시 발급할까요?', 'Reissue the ticket for {seat}?'],
  'handOver.text': ['새 QR 코드와 번호가 나오고, 지금까지의 코드로는 들어올 수 없습니다. 환불은 예매한 분만 받을 수 있습니다.', 'It gets a new QR code and number, and the old code opens no door any more. Only whoever booked it can have it refunded.'],
  'handOver.name': ['들어올 분의 이름 (그대로면 비워 두세요)', 'Name of who goes in (empty: as before)'],
  'handOver.keep': ['그대로 두기', 'Keep the ticket'],
  'handOver.do': ['다시 발급하기', 'Reissue'],
  'handOver.done': ['티켓을 다시 발급했습니다.', 'The ticket is reissued.'],
  'seatBoxes.which': ['어느 좌석인가요?', 'Which seats?'],
  'map.label': ['좌석표', 'Seat map'],
  'map.seat': ['{seat}, {price}, {state}', '{seat}, {price}, {state}'],
  'map.stage': ['무대', 'Stage'],
  'map.zoom': ['확대와 축소', 'Zoom'],
  'map.in': ['확대', 'Zoom in'],
  'map.out': ['축소', 'Zoom out'],
  'map.all': ['전체', 'All'],
  'map.hint': ['키보드: 화살표로 옮기고 스페이스로 선택, +와 −로 확대와 축소, 0으로 전체 보기.', 'By keyboard: arrows move, space chooses, + and − zoom, 0 shows all.'],
};

addWords(seats);
