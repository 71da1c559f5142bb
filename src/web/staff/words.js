// Texts that all of the staff's pages share: Korean, English.

import { addWords } from '../shared/language.js';

export const staff = {
  'staff.title': ['직원 페이지', 'Staff'],
  'staff.signIn': ['직원 로그인', 'Sign in'],
  'staff.key': ['직원 키', 'Staff key'],
  'staff.keyHint': ['이 탭에만 보관되며, 탭을 닫으면 지워집니다.', 'Kept for this tab only; it is gone when the tab is closed.'],
  'staff.noKey': ['키가 없으신가요? 관리자가 ‘직원 키’ 메뉴에서 만들어 드립니다.', 'No key? An admin makes one for you under “Staff keys”.'],
  'staff.enter': ['로그인', 'Sign in'],
  'staff.wrongKey': ['직원 키가 올바르지 않습니다. 다시 확인해 주세요.', 'This is not a staff key. Please check it.'],
  'staff.keyOver': ['이 키는 더 이상 사용할 수 없습니다. 새 키로 로그인해 주세요.', 'This key no longer works. Please sign in with a new one.'],
  'staff.handbook': ['안내서', 'Handbook'],
  'staff.readHandbook': ['처음이신가요? 안내서를 읽어 보세요.', 'Your first evening? Read the handbook.'],
  'staff.signOut': ['로그아웃', 'Sign out'],
  'staff.unkept': ['이 브라우저는 저장이 막혀 있어, 새로고침하면 다시 로그인해야 합니다.', 'This browser keeps nothing: after a reload you sign in again.'],
  'staff.refused': ['처리하지 못했습니다', 'That did not work'],
  'staff.unreached': [
    '서버가 응답하지 않았습니다. 처리되었는지 먼저 확인한 뒤 다시 시도해 주세요.',
    'The server did not answer. Look whether it was done before you try again.',
  ],
  'role.admin': ['관리자', 'Admin'],
  'role.counter': ['창구', 'counter'],
  'role.door': ['입장 확인', 'door'],
  'part.evening': ['오늘 현황', 'Today'],
  'part.concerts': ['공연과 일정', 'Concerts'],
  'part.counter': ['창구', 'Counter'],
  'part.door': ['입장 확인', 'Door'],
  'part.keys': ['직원 키', 'Staff keys'],
  'form.missing': ['입력해 주세요.', 'Please fill this in.'],
  'form.range': ['{min}부터 {max}까지의 수를 입력해 주세요.', 'Please enter a number from {min} to {max}.'],
  'form.wrong': ['형식이 맞지 않습니다. 다시 확인해 주세요.', 'This does not fit here. Please check it.'],
  'form.draft': ['작성하던 내용을 이어서 보여 드립니다.', 'This is what you typed before.'],
  'form.anew': ['처음부터 다시', 'Start over'],
  'form.save': ['저장', 'Save'],
  'moment.skipped': ['시계를 앞당기면서 건너뛰는 시각이라 그날에는 없습니다. 다른 시각을 입력해 주세요.', 'The clocks are put forward over this time, so that day does not have it. Please enter another.'],
  'moment.twice': ['시계를 늦추면서 두 번 오는 시각입니다. 어느 쪽인지 골라 주세요.', 'The clocks are put back, so this time comes twice. Please say which one is meant.'],
  'moment.title': ['두 번 오는 {time} 가운데 어느 쪽인가요?', '{time} comes twice: which one?'],
  'moment.says': ['그날 밤 시계를 한 시간 늦추기 때문에 이 시각이 두 번 있습니다.', 'The clocks are put back that night, so there are two of them.'],
  'moment.first': ['첫 번째 ({zone})', 'The first ({zone})'],
  'moment.second': ['두 번째 ({zone})', 'The second ({zone})'],
  'sure.back': ['돌아가기', 'Go back'],
  'sure.undo': ['되돌리기', 'Undo'],
  'sure.undone': ['되돌렸습니다.', 'Taken back.'],
};

addWords(staff);
