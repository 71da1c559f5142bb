// Texts that all pages share: Korean, English.

import { addWords } from './language.js';

export const shared = {
  points: ['{n}포인트', '{n} point | {n} points'],
  won: ['{n}원', '{n} won'],
  'cost.free': ['무료', 'Free'],
  'tariff.full': ['정가', 'Full price'],
  'tariff.of': ['{seat} 요금', 'Price of {seat}'],
  'span.moment': ['1분 이내', 'under a minute'],
  'span.minutes': ['약 {n}분', 'about {n} minute | about {n} minutes'],
  'span.hours': ['약 {n}시간', 'about {n} hour | about {n} hours'],
  'span.hoursMinutes': ['약 {hours}시간 {minutes}분', 'about {hours} h {minutes} min'],
  'span.days': ['약 {n}일', 'about {n} day | about {n} days'],
  'page.fault': ['화면에 문제가 생겼습니다. 새로고침해 주세요.', 'Something went wrong on this page. Please reload it.'],
  'page.reload': ['새로고침', 'Reload'],
  close: ['닫기', 'Close'],
  places: ['메뉴', 'Menu'],
  skip: ['본문으로 건너뛰기', 'Skip to the content'],
  'network.lost': ['인터넷 연결이 끊겼습니다. 다시 연결하는 중입니다…', 'The connection is lost. Trying again…'],
  'network.busy': ['지금은 이용자가 많습니다. 잠시 뒤 자동으로 다시 시도합니다…', 'The box office is busy. Trying again in a moment…'],
  'network.back': ['다시 연결되었습니다.', 'Connected again.'],
  'foot.terms': ['이용약관', 'Terms'],
  'foot.privacy': ['개인정보 처리방침', 'Privacy'],
  'zone.note': ['모든 시각은 공연장이 있는 곳({zone}) 기준입니다.', 'All times are those of the venue ({zone}).'],
};

addWords(shared);
