// Texts of the staff's pages: Korean, English.

import { addWords } from '../shared/language.js';

export const staff = {
  'staff.title': ['직원 페이지', 'Staff'],
  'staff.signIn': ['직원 로그인', 'Sign in'],
  'staff.key': ['직원 키', 'Staff key'],
  'staff.keyHint': ['이 탭에만 보관되며, 탭을 닫으면 지워집니다.', 'Kept for this tab only; it is gone when the tab is closed.'],
  'staff.enter': ['들어가기', 'Go in'],
  'staff.wrongKey': ['직원 키가 올바르지 않습니다. 다시 확인해 주세요.', 'This is not the staff key. Please check it.'],
  'staff.signedIn': ['로그인되었습니다.', 'You are signed in.'],
  'staff.signOut': ['로그아웃', 'Sign out'],
};

addWords(staff);
