// Texts of the wall: Korean, English.

import { addWords } from '../shared/language.js';

export const wall = {
  'wall.full': ['전체 화면', 'Full screen'],
  'wall.hall': ['좌석', 'The hall'],
  'wall.noDate': ['아직 일정이 없습니다.', 'There is no date yet.'],
  'wall.waiting': ['대기 중', 'Waiting'],
  'wall.inside': ['예매 중 {n}명 · 최근 1분 통과 {admitted}명', '{n} booking · {admitted} admitted, last minute'],
  'wall.sold': ['판매', 'Sold'],
  'wall.held': ['결제 중 {n}석', '{n} being paid for'],
  'wall.lost': ['한발 늦은 선택', 'Races lost'],
  'wall.won': ['먼저 선택한 경우 {n}번', '{n} won'],
  'wall.charts': ['1초마다', 'By the second'],
  'wall.soldBySecond': ['팔린 좌석 · 1초에 가장 많이 {n}석', 'Seats sold · {n} in one second at most'],
  'wall.waitingBySecond': ['대기 인원 · 가장 많을 때 {n}명', 'People waiting · {n} at most'],
  'wall.ago': ['{n}초 전', '{n} s ago'],
  'rush.title': ['예매 몰림 실험', 'A rush'],
  'rush.customers': ['고객 수', 'Customers'],
  'rush.seats': ['좌석 수', 'Seats'],
  'rush.speed': ['속도', 'Speed'],
  'rush.speed.2': ['천천히', 'slow'],
  'rush.speed.10': ['보통', 'usual'],
  'rush.speed.50': ['빠르게', 'fast'],
  'rush.begin': ['시작', 'Begin'],
  'rush.end': ['중단', 'End it'],
  'rush.ended': ['중단했습니다.', 'It is ended.'],
  'rush.runs': ['고객 {customers}명이 좌석 {seats}석을 예매합니다…', '{customers} customers want {seats} seats…'],
  'rush.failed': ['끝까지 진행하지 못했습니다: {why}', 'It did not get to its end: {why}'],
  'rush.clean': ['같은 좌석을 두 사람이 받은 일은 없습니다', 'Nobody got a seat twice'],
  'rush.notClean': ['기록이 맞지 않습니다', 'The books do not add up'],
  'rush.check.the events feed has no gap': ['이벤트 기록에 빠진 것이 없습니다', 'The events feed has no gap'],
  'rush.check.no seat was sold twice': ['두 번 팔린 좌석이 없습니다', 'No seat was sold twice'],
  'rush.check.no point was lost': ['사라진 포인트가 없습니다', 'No point was lost'],
  'rush.check.money, seats and tickets agree': ['금액, 좌석, 티켓이 서로 맞습니다', 'Money, seats and tickets agree'],
  'rush.check.nobody was overtaken': ['순번이 지켜졌습니다', 'Nobody was overtaken'],
  'rush.check.the limits of the line were kept': ['대기열의 제한이 지켜졌습니다', 'The limits of the line were kept'],
  'rush.check.every answer was one that the contract allows': ['모든 응답이 규약대로입니다', 'Every answer was one that the contract allows'],
  'rush.check.the file agrees': ['파일의 기록이 서로 맞습니다', 'The file agrees'],
};

addWords(wall);
