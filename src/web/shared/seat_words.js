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
