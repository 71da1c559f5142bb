// Texts of the venue's own look, and of pictures in forms: Korean, English.

import { addWords } from '../shared/language.js';

export const look = {
  'look.note': ['고객이 보는 이름, 로고, 색, 안내입니다. 저장하면 바로 바뀝니다. 비워 둔 글은 다른 언어의 글로 보입니다.', 'Name, logo, colour and texts as customers see them, at once. What is empty in one language is shown in the other.'],
  'look.name.ko': ['이름 (한국어)', 'Name (Korean)'],
  'look.name.en': ['이름 (영어)', 'Name (English)'],
  'look.contact.ko': ['연락처 (한국어)', 'Contact (Korean)'],
  'look.contact.en': ['연락처 (영어)', 'Contact (English)'],
  'look.address.ko': ['주소 (한국어)', 'Address (Korean)'],
  'look.address.en': ['주소 (영어)', 'Address (English)'],
  'look.refundRule.ko': ['환불 규정 (한국어)', 'Refund rule (Korean)'],
  'look.refundRule.en': ['환불 규정 (영어)', 'Refund rule (English)'],
  'look.terms.ko': ['이용약관 (한국어)', 'Terms (Korean)'],
  'look.terms.en': ['이용약관 (영어)', 'Terms (English)'],
  'look.privacy.ko': ['개인정보 처리방침 (한국어)', 'Privacy (Korean)'],
  'look.privacy.en': ['개인정보 처리방침 (영어)', 'Privacy (English)'],
  'look.rules': ['환불 규정, 이용약관, 개인정보', 'Refund rule, terms, privacy'],
  'look.logo': ['로고', 'Logo'],
  'look.colour': ['색', 'Colour'],
  'look.colourHint': ['글자를 읽을 수 있도록 필요하면 조금 어둡거나 밝게 씁니다.', 'Darkened or lightened as far as it takes to read every text.'],
  'look.mapUrl': ['지도 링크', 'Link to a map'],
  'look.mapHint': ['네이버, 카카오, 구글 지도 등에서 복사한 주소(https)', 'A web address (https) from any map service'],
  'look.see': ['고객 화면 보기', 'See it'],
  'look.saved': ['저장했습니다. 고객에게 바로 보입니다.', 'Saved. Customers see it now.'],
  'picture.hint': ['PNG, JPEG, WebP. 큰 그림은 줄여서 올립니다.', 'PNG, JPEG or WebP; a large one is made smaller.'],
  'picture.none': ['읽을 수 없는 그림입니다. 다른 파일을 선택해 주세요.', 'This picture cannot be read. Choose another file.'],
  'picture.preview': ['선택한 그림', 'The chosen picture'],
  'picture.remove': ['그림 지우기', 'Remove the picture'],
};

addWords(look);
