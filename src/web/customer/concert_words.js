// Texts of the page of a concert: Korean, English.

import { addWords } from '../shared/language.js';

export const concert = {
  'about.posterOf': ['{title} 포스터', 'Poster: {title}'],
  'about.place': ['장소', 'Where'],
  'about.running': ['공연 시간', 'Length'],
  'about.minutes': ['{n}분', '{n} minute | {n} minutes'],
  'about.age': ['관람 연령', 'Age'],
  'about.ageFrom': ['{n}세 이상', '{n} and over'],
  'about.allAges': ['전체 관람가', 'All ages'],
  'about.map': ['지도 보기', 'Show on a map'],
  'about.share': ['공유하기', 'Share'],
  'about.copied': ['링크를 복사했습니다.', 'The link is copied.'],
  'about.link': ['이 링크를 공유해 주세요: {url}', 'Share this link: {url}'],
  'about.refundRule': ['환불 규정', 'Refunds'],
  'about.calendar': ['캘린더에 추가', 'Add to calendar'],
  'about.calendarOf': ['{when} 캘린더에 추가', 'Add to calendar: {when}'],
  'about.kind': ['{name} {price} · {left}', '{name} {price} · {left}'],
  'about.price': ['{price} · {left}', '{price} · {left}'],

  'dates.choose': ['일정 선택', 'Choose a date'],
  'dates.none': ['아직 일정이 없습니다.', 'There are no dates yet.'],
  'dates.left': ['잔여 {n}석', '{n} seat left | {n} seats left'],
  'dates.book': ['예매하기', 'Book'],
  'dates.seats': ['좌석 선택', 'Choose seats'],
  'dates.early': ['미리 대기하기', 'Join the line now'],
  'dates.opensIn': ['예매 시작까지', 'On sale in'],
};

addWords(concert);
