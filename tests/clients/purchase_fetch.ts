// A purchase by the client that openapi-generator (typescript-fetch) makes of the document.
import { ConcertsApi, Configuration, LineApi, PaymentsApi, PointsApi, ReservationsApi, ResponseError, UsersApi } from './fetch/index';

const [basePath = ''] = process.argv.slice(2);
const open = new Configuration({ basePath });
const user = await new UsersApi(open).registerUser({ userRequest: { name: 'Lee' } });
const token = await new LineApi(open).issueToken({ tokenRequest: { userId: user.userId, userKey: user.userKey } });
// The generator gives the name of the credential that a call takes.
const mine = new Configuration({ basePath, accessToken: (name) => (name === 'queueToken' ? token.token : '') });
const dates = await new ConcertsApi(mine).listSchedules({ concertId: 1 });
const scheduleId = dates.schedules[0]!.scheduleId;
const map = await new ConcertsApi(mine).listSeats({ scheduleId });
const free = map.seats.find((seat) => seat.status === 'AVAILABLE')!;
const held = await new ReservationsApi(mine).reserve({ reservationRequest: { scheduleId, seats: new Set([free.seat]) } });
const pay = (amount: number) => new PaymentsApi(mine).pay({ paymentRequest: { reservationId: held.reservationId, amount } });
const refused = await pay(1).then(() => undefined, (error: unknown) => error);
if (!(refused instanceof ResponseError) || (await refused.response.json()).code !== 'AMOUNT_MISMATCH') throw refused;
await new PointsApi(mine).topUpBalance({ userId: user.userId, topUpRequest: { amount: held.amount } });
const paid = await pay(held.amount);
if (paid.status !== 'COMPLETED' || paid.tickets[0]?.seat !== free.seat) throw new Error(JSON.stringify(paid));
console.log(`typescript-fetch: seat ${free.seat} is sold`);
