// Times as fields of a form hold them: the venue's own time, without a zone.

/** An instant as `YYYY-MM-DDTHH:MM` at the venue. */
export function localOf(instant, timeZone) {
  const options = {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  };
  const parts = new Intl.DateTimeFormat('en-CA', options).formatToParts(new Date(instant));
  const { year, month, day, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${year.padStart(4, '0')}-${month}-${day}T${hour}:${minute}`;
}

/** The instant at which the venue's clocks show this. Where they show it twice, one of the two. */
export function instantOf(local, timeZone) {
  const wanted = Date.parse(`${local}Z`);
  let guess = wanted;
  // The offset may differ between the guess and what it leads to: the second step is then right.
  for (let step = 0; step < 2; step += 1) guess += wanted - Date.parse(`${localOf(guess, timeZone)}Z`);
  return new Date(guess).toISOString();
}
