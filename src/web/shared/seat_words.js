// Texts of the seat map: Korean, English.

import { addWords } from './language.js';

export const seats = {
  'seat.free': ['예매 가능', 'free'],
  'seat.chosen': ['선택함', 'chosen'],
  'seat.mine': ['내 좌석', 'yours'],
  'seat.held': ['다른 분이 결제 중', 'held by someone'],
  'seat.sold': ['판매됨', 'sold'],
  'seat.blocked': ['판매하지 않음', 'not for sale'],
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
