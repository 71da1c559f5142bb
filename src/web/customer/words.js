// Texts of the first page, and of what can happen on every one: Korean, English. What comes later stands in
// concert_words.js, visit_words.js, refusals.js and booking_words.js, so that the first page is light.

import { addWords } from '../shared/language.js';

export const customer = {
  'storage.blocked': ['이 브라우저는 저장이 막혀 있어, 창을 닫으면 티켓을 다시 볼 수 없습니다. 창을 닫기 전에 복구 코드를 적어 두세요.', 'This browser keeps nothing: once this window is closed, your tickets cannot be shown again. Write down your recovery code first.'],
  'again': ['다시 시도', 'Try again'],
  'busy': ['처리 중…', 'One moment…'],
  'trouble.title': ['페이지를 불러오지 못했습니다', 'This page could not be shown'],
  'nowhere.title': ['페이지를 찾을 수 없습니다', 'There is no page here'],
  'nowhere.text': ['주소가 잘못되었거나 페이지가 옮겨졌습니다.', 'The address may be mistyped, or the page has moved.'],

  'concerts.title': ['공연', 'Concerts'],
  'concerts.see': ['일정 보기', 'See dates'],
  'concerts.noDates': ['일정 준비 중', 'Dates to be announced'],
  'concerts.past': ['지난 공연', 'Past concerts'],
  'concerts.none': ['아직 공연이 없습니다. 나중에 다시 와 주세요.', 'There are no concerts yet. Please come back later.'],
  'concerts.back': ['공연 목록', 'All concerts'],
  'concerts.inside': ['지금 예매할 수 있습니다. 공연과 일정을 선택해 주세요.', 'You can book now. Choose a concert and a date.'],
  'concerts.waiting': ['예매 대기 중입니다.', 'You are in the line.'],
  'concerts.toLine': ['대기 화면으로', 'Back to the line'],

  'dates.from': ['{price}부터', 'from {price}'],
  'dates.free': ['무료', 'free of charge'],
  'dates.on': ['예매 중', 'On sale'],
  'dates.soldOut': ['매진', 'Sold out'],
  'dates.closed': ['예매 마감', 'Sale closed'],
  'dates.over': ['공연 종료', 'Over'],
  'dates.cancelled': ['공연 취소', 'Cancelled'],
  'dates.opens': ['{when} 예매 시작', 'On sale {when}'],

  'tickets.title': ['내 티켓', 'My tickets'],
  'offline.title': ['연결을 기다리고 있습니다', 'Waiting for the network'],
  'offline.text': ['네트워크가 없어도 내 티켓은 볼 수 있습니다.', 'Your tickets are here without it, too.'],
  'key.short': ['기기 연결', 'Recovery code'],
  'key.title': ['다른 기기에서 티켓 보기', 'Your tickets on another device'],

  'refusal.UNREACHED': ['서버에 연결할 수 없습니다. 인터넷 연결을 확인한 뒤 다시 시도해 주세요.', 'The box office cannot be reached. Check your connection, then try again.'],
  'refusal.OTHER': ['{title}. {detail}', '{title}. {detail}'],
  'refusal.INTERNAL': ['서버에 문제가 생겼습니다. 잠시 뒤 다시 시도해 주세요. 계속되면 직원에게 알려 주세요.', 'Something went wrong at the box office. Try again in a moment; if it goes on, tell the staff.'],
  'refusal.NOT_FOUND': ['찾을 수 없습니다. 주소를 확인하거나 공연 목록에서 다시 시작해 주세요.', 'There is nothing here. Check the address, or begin again with the concerts.'],
  'refusal.TOO_MANY_REQUESTS': ['같은 곳에서 요청이 너무 많이 왔습니다. 잠시 기다렸다가 다시 시도해 주세요.', 'Too many requests came from your network. Wait a moment, then try again.'],
  'refusal.OVERLOADED': ['지금은 이용자가 많습니다. 바뀐 것은 없으니 잠시 뒤 다시 시도해 주세요.', 'The box office is busy just now. Nothing was changed; try again in a moment.'],
  'refusal.STOPPING': ['매표소가 다시 시작되는 중입니다. 바뀐 것은 없으니 잠시 뒤 다시 시도해 주세요.', 'The box office is restarting. Nothing was changed; try again in a moment.'],
};

addWords(customer);
