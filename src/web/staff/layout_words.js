// Texts of the layout editor: Korean, English.

import { addWords } from '../shared/language.js';

export const layout = {
  'layout.title': ['좌석', 'The seats'],
  'layout.how': ['좌석을 어떻게 정할까요?', 'How are the seats laid out?'],
  'layout.rows': ['열과 번호', 'Rows'],
  'layout.sections': ['구역별', 'Sections'],
  'layout.plan': ['배치도 파일', 'Plan file'],
  'layout.rowCount': ['열 수', 'Rows'],
  'layout.seatCount': ['한 열의 좌석 수', 'Seats in a row'],
  'layout.price': ['가격(포인트)', 'Price in points'],
  'layout.name': ['구역 이름', 'Name'],
  'layout.section': ['{n}번째 구역', 'Section {n}'],
  'layout.addSection': ['구역 추가', 'Add a section'],
  'layout.dropSection': ['구역 삭제', 'Remove this section'],
  'layout.removeHint': [
    '아래 그림에서 좌석을 누르면 그 자리가 없어지고, 다시 누르면 돌아옵니다. 통로나 기둥이 있는 자리를 빼세요.',
    'Press a seat in the picture to take it out, and again to put it back: where an aisle or a pillar is.',
  ],
  'layout.aisles': ['통로 (이 번호 뒤에)', 'Aisles, after these seats'],
  'layout.aislesHint': ['예: 5, 15. 모든 열에 통로가 생기고, 좌석 번호는 건너뛰지 않습니다.', 'For example 5, 15: in every row, and the numbers go on without a gap.'],
  'layout.first': ['첫 열의 이름', 'First row'],
  'layout.firstHint': ['예: F, 가, 11. 비워 두면 이어서 붙이고, 구역 이름과 같은 이름은 건너뜁니다.', 'For example F or 11. Left empty, rows are named on and on, and never as a section is.'],
  'layout.from': ['첫 좌석의 번호', 'First number in a row'],
  'layout.copy': ['복사한 좌석', 'Copied seats'],
  'layout.file': ['pretix 배치도 (.json)', 'Seating plan of pretix (.json)'],
  'layout.fileHint': ['파일을 고르면 등급마다 가격을 묻습니다.', 'Once it is chosen, a price is asked for each category.'],
  'layout.notAPlan': ['좌석이 있는 pretix 배치도 파일이 아닙니다. 다른 파일을 골라 주세요.', 'This is not a pretix plan with seats. Please choose another file.'],
  'layout.categoryPrice': ['{name} 등급 {n}석의 가격', 'Price of {name}, {n} seat | Price of {name}, {n} seats'],
  'layout.noPlan': ['먼저 배치도 파일을 골라 주세요.', 'Please choose a plan file first.'],
  'layout.noPrice': ['모든 등급의 가격을 입력해 주세요.', 'Please give every category a price.'],
  'layout.unfinished': ['열 수와 좌석 수, 가격을 입력해 주세요. 모두 합해 100,000석까지입니다.', 'Please fill in rows, seats and prices: at least one seat, 100,000 at most.'],
  'layout.notDrawn': ['{n}석이 넘는 그림은 저장한 뒤에 보여 드립니다.', 'More than {n} seats are shown once they are saved.'],
  'layout.seat': ['{seat}, {price}, {state}', '{seat}, {price}, {state}'],
  'layout.in': ['판매할 좌석', 'a seat'],
  'layout.out': ['통로로 비운 자리', 'taken out'],
  'layout.tookOut': ['{seat} 좌석을 뺐습니다.', '{seat} is taken out.'],
  'layout.putBack': ['{seat} 좌석을 되돌렸습니다.', '{seat} is back.'],
  'layout.sum': ['{n}석 · 모두 팔리면 {worth} · 통로로 비운 자리 {removed}', '{n} seat · {worth} when all are sold · {removed} taken out | {n} seats · {worth} when all are sold · {removed} taken out'],
};

addWords(layout);
