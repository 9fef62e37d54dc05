// hit: CLIENTS ask for one thumb that is in memory, as fast as they are answered, for DURATION.
import http from 'k6/http';
import { check } from 'k6';
import { base, clients, collection, duration, load, remove, signIn, summary, thumb, trends, upload } from './lib.js';

const picture = load();

export const options = { scenarios: { hit: { executor: 'constant-vus', vus: clients, duration } }, summaryTrendStats: trends, };

export function setup() {
  const token = signIn();
  const name = collection(token, [thumb]);
  const path = `${upload(token, name, picture)}?thumb=${thumb}`;
  http.get(base + path);
  return { token, name, path };
}

export default function (data) {
  check(http.get(base + data.path), { 'a thumb': (r) => r.status === 200 });
}

export function teardown(data) { remove(data.token, data.name); }
export { summary as handleSummary };
