// A purchase by the client that openapi-typescript and openapi-fetch make of the document.
import createClient from 'openapi-fetch';
import type { paths } from './schema';

const [url = ''] = process.argv.slice(2);
// Not the streams of events, which are texts.
const client = createClient<paths, `application/${string}`>({ baseUrl: url });

function must<T>(answer: { data?: T; error?: { code: string } }): T {
  if (answer.data === undefined) throw new Error(`refused: ${answer.error?.code}`);
  return answer.data;
}

const user = must(await client.POST('/api/v1/users', { body: { name: '김민지' } }));
const { userId, userKey } = user;
const token = must(await client.POST('/api/v1/queue/tokens', { body: { userId, userKey } }));
const headers = { Authorization: `Bearer ${token.token}` };
const dates = must(await client.GET('/api/v1/concerts/{concertId}/schedules', { params: { path: { concertId: 1 } }, headers }));
const scheduleId = dates.schedules[0]!.scheduleId;
const map = must(await client.GET('/api/v1/schedules/{scheduleId}/seats', { params: { path: { scheduleId } }, headers }));
const free = map.seats.find((seat) => seat.status === 'AVAILABLE')!;
const held = must(await client.POST('/api/v1/reservations', { body: { scheduleId, seats: [free.seat] }, headers }));
const pay = () => client.POST('/api/v1/payments', { body: { reservationId: held.reservationId, amount: held.amount }, headers });

// A refusal is one of those of the call, told apart by its code.
const { error } = await client.POST('/api/v1/payments', { body: { reservationId: held.reservationId, amount: 1 }, headers });
if (error?.code !== 'AMOUNT_MISMATCH' || error.expected !== held.amount) throw new Error(`not the refusal: ${error?.code}`);
must(await client.POST('/api/v1/users/{userId}/balance/top-ups', { params: { path: { userId } }, body: { amount: held.amount }, headers }));
const paid = must(await pay());
if (paid.status !== 'COMPLETED' || paid.tickets[0]?.seat !== free.seat) throw new Error(JSON.stringify(paid));
console.log(`openapi-fetch: seat ${free.seat} is sold`);
