// Texts of the staff keys: Korean, English.

import { addWords } from '../shared/language.js';

export const keys = {
  'keys.hint': ['사람이나 자리마다 키를 하나씩 만드세요. 누가 무엇을 했는지 남고, 잃어버린 키만 따로 폐기할 수 있습니다.', 'Make one for each person or place: what was done stands under its name, and a lost key can be revoked alone.'],
  'keys.programs': ['프로그램도 이 키로 호출합니다:', 'Programs call with these keys too:'],
  'keys.events': ['일어난 일을 프로그램에 보낼 수도 있습니다:', 'What happens can be sent to programs:'],
  'keys.webhooks': ['웹훅', 'Webhooks'],
  'keys.new': ['새 직원 키', 'A new staff key'],
  'keys.name': ['이름', 'Name'],
  'keys.nameHint': ['예: 김민지, 동문', 'For example: Kim Minji, East gate'],
  'keys.role': ['하는 일', 'What for'],
  'keys.role.door': ['입장 확인: 티켓을 검사합니다', 'Door: checks tickets'],
  'keys.role.counter': ['창구: 포인트 판매, 환불, 티켓 인쇄와 입장 확인', 'Counter: sells points, refunds, prints tickets, and the door'],
  'keys.role.admin': ['관리자: 모든 것', 'Admin: everything'],
  'keys.make': ['키 만들기', 'Make the key'],
  'keys.made': ['{name}의 키', 'The key of {name}'],
  'keys.once': ['지금 한 번만 보입니다. 바로 전해 주세요. 이 키로 직원 페이지에 로그인합니다.', 'It is shown this once: hand it over now. It signs in to the staff’s pages.'],
  'keys.given': ['전달했습니다', 'I’ve handed it over'],
  'keys.own': ['지금 쓰는 키', 'the key you are using'],
  'keys.since': ['{when} 만듦', 'made {when}'],
  'keys.revokedAt': ['{when} 폐기', 'revoked {when}'],
  'keys.revokeBegin': ['폐기…', 'Revoke…'],
  'keys.revokeOne': ['{name}의 키 폐기', 'Revoke the key of {name}'],
  'keys.revokeTitle': ['{name}의 키를 폐기할까요?', 'Revoke the key of {name}?'],
  'keys.revokeSays': ['{name} 님은 바로 로그아웃되며, 이 키로는 아무것도 할 수 없게 됩니다. 되돌릴 수 없지만 새 키를 만들 수 있습니다.', '{name} is signed out at once and the key no longer works. This can’t be undone, but a new one can be made.'],
  'keys.revokeOwn': ['지금 쓰고 있는 키입니다. 폐기하면 바로 로그아웃됩니다.', 'This is the key you are using: you will be signed out at once.'],
  'keys.revoke': ['키 폐기', 'Revoke the key'],
  'keys.revoked': ['{name}의 키를 폐기했습니다.', 'Key of {name} revoked.'],
};

addWords(keys);
