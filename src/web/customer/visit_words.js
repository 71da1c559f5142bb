// Texts of the way in, the line, a visit and its end: Korean, English.

import { addWords } from '../shared/language.js';

export const visit = {
  'gate.title': ['예매 시작', 'Start booking'],
  'gate.join': ['예매 대기하기', 'Join the line'],
  'gate.welcome': ['{name} 님, 다시 오신 것을 환영합니다.', 'Welcome back, {name}.'],
  'gate.welcomeKey': ['이 기기의 복구 코드로 예매합니다.', 'You are booking with the recovery code on this device.'],
  'gate.other': ['다른 복구 코드로 이어하기', 'Use another recovery code'],
  'gate.haveKey': ['다른 기기의 복구 코드가 있으신가요?', 'Do you have a recovery code from another device?'],
  'gate.order': ['온 순서대로 예매 화면에 들어갑니다.', 'You are admitted in the order of arrival.'],
  'gate.draw': ['{when}에 추첨으로 순서를 정합니다. 일찍 온 순서는 상관없습니다.', 'On {when} the order is drawn by lot. Being early does not matter.'],
  'gate.visit': ['차례가 되면 {n}분 안에 일정과 좌석을 선택합니다. 선택한 좌석은 결제할 때까지 잠시 내 좌석으로 유지됩니다.', 'Once it is your turn, you have {n} minute to choose seats. They are held for you while you pay. | Once it is your turn, you have {n} minutes to choose seats. They are held for you while you pay.'],
  'gate.pay': ['포인트로 결제하면 바로 티켓이 나옵니다.', 'Pay with points, and your tickets are here at once.'],

  'name.label': ['이름', 'Your name'],
  'name.hint': ['티켓을 찾을 때 직원이 확인하는 이름입니다.', 'Staff see it when they look for your tickets.'],
  'name.missing': ['이름을 입력해 주세요.', 'Please enter your name.'],
  'name.wrong': ['이름은 1자에서 80자까지입니다.', 'A name has 1 to 80 characters.'],

  'line.title': ['예매 대기', 'In the line'],
  'line.ahead': ['내 앞에 {n}명', '{n} person ahead | {n} people ahead'],
  'line.next': ['다음 차례입니다', 'You are next'],
  'line.progress': ['대기 진행', 'Progress in the line'],
  'line.estimate': ['예상 대기 시간: {span}', 'Expected wait: {span}'],
  'line.noEstimate': ['예상 대기 시간을 계산하고 있습니다.', 'Estimating your wait…'],
  'line.keep': ['새로고침해도 순번은 유지됩니다. 화면을 끄거나 다른 앱에 {n}분 넘게 머물면 순번이 사라집니다.', 'You may reload this page. With the screen off or in another app for more than {n} minute you lose your place. | You may reload this page. With the screen off or in another app for more than {n} minutes you lose your place.'],
  'line.fromStaff': ['매표소 안내:', 'From the box office:'],
  'line.paused': ['대기열이 잠시 멈췄습니다. 순번은 그대로 유지됩니다.', 'The line is paused. You keep your place.'],
  'line.leave': ['대기 취소', 'Leave the line'],
  'line.leaveTitle': ['대기를 취소할까요?', 'Leave the line?'],
  'line.leaveText': ['취소하면 순번이 사라지고, 다시 오면 맨 뒤에서 기다립니다.', 'Your place is given up; if you come back, you stand at the end.'],
  'line.stay': ['계속 기다리기', 'Keep waiting'],
  'line.in': ['이제 예매할 수 있습니다!', 'It is your turn!'],

  'draw.title': ['추첨을 기다리고 있습니다', 'Waiting for the draw'],
  'draw.text': ['추첨 전에 온 분은 모두 같은 기회를 갖습니다. 추첨 시각에 무작위로 순서를 정합니다.', 'Everyone who is here before the draw has the same chance. The order is drawn at random at that moment.'],
  'draw.opens': ['추첨 시각', 'Draw at'],
  'draw.left': ['남은 시간', 'Time left'],
  'draw.number': ['참가 번호', 'Your number in the draw'],
  'draw.drawn': ['추첨 결과', 'Your draw position'],
  'draw.place': ['{n}번', '{n}'],

  'visit.left': ['남은 예매 시간', 'Time left'],
  'visit.hint': ['이 시간 안에 좌석을 선택해 주세요.', 'Choose your seats within this time.'],
  'visit.end': ['예매 종료', 'Finish'],
  'visit.endHint': ['예매를 마치셨다면 다음 분을 위해 종료해 주세요.', 'Finished? Make room for the next person.'],
  'visit.endTitle': ['예매를 종료할까요?', 'Finish booking?'],
  'visit.endText': ['결제하지 않은 좌석은 선택이 해제되고, 다시 예매하려면 처음부터 기다려야 합니다.', 'Seats that are not paid are released, and to book again you wait in line again.'],
  'visit.stay': ['계속 보기', 'Stay'],

  'ended.PAID.title': ['예매를 마쳤습니다', 'Your booking is done'],
  'ended.PAID.text': ['결제가 끝났습니다. 티켓은 내 티켓에서 볼 수 있습니다.', 'You have paid. Your tickets are in my tickets.'],
  'ended.TIMED_OUT.title': ['예매 시간이 끝났습니다', 'Your time is over'],
  'ended.TIMED_OUT.text': ['기다리는 분들을 위해 예매 시간이 정해져 있습니다. 더 예매하려면 다시 대기해 주세요.', 'The time to book is limited, for those who wait. To book more, join the line again.'],
  'ended.ABANDONED.title': ['대기 순번이 사라졌습니다', 'You lost your place'],
  'ended.ABANDONED.grace': ['{n}분 안에 돌아와 다시 대기하면, 그사이 뒷사람이 먼저 들어가지 않은 한 원래 순번을 되찾습니다.', 'Come back within {n} minute: you get your old place back, unless somebody behind you was admitted. | Come back within {n} minutes: you get your old place back, unless somebody behind you was admitted.'],
  'line.restored': ['원래 순번을 되찾았습니다.', 'You have your old place back.'],
  'ended.ABANDONED.text': ['{n}분 넘게 접속이 확인되지 않았습니다. 다시 대기해 주세요.', 'This page was offline for more than {n} minute. Please join the line again. | This page was offline for more than {n} minutes. Please join the line again.'],
  'ended.LEFT.title': ['종료했습니다', 'You have left'],
  'ended.LEFT.text': ['언제든 다시 예매를 시작할 수 있습니다.', 'You can join the line again whenever you like.'],
  'ended.REVOKED.title': ['매표소에서 예매를 종료했습니다', 'The box office ended your booking'],
  'ended.REVOKED.text': ['궁금한 점은 창구에 문의해 주세요. 다시 대기할 수 있습니다.', 'Ask at the counter if you wonder why. You can join the line again.'],
  'ended.BANNED.title': ['예매가 정지되었습니다', 'Your bookings are stopped'],
  'ended.OTHER.title': ['다시 대기해 주세요', 'Please join the line again'],
  'ended.OTHER.text': ['이 기기의 대기 정보가 더 이상 유효하지 않습니다.', 'The place that this device had is no longer valid.'],
  'ended.again': ['다시 대기하기', 'Join the line again'],

  'pending.text': ['결제하지 않은 좌석이 있습니다: {title}, {seats}', 'You have unpaid seats: {title}, {seats}'],
  'pending.pay': ['결제하러 가기', 'Go and pay'],
};

addWords(visit);
