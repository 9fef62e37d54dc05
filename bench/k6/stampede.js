// stampede: CLIENTS (1000) ask for one thumb that nobody has asked for, all at once.
import http from 'k6/http';
import { check } from 'k6';
import { base, collection, load, remove, signIn, summary, thumb, trends, upload } from './lib.js';

const picture = load();

export const options = {
  scenarios: { stampede: { executor: 'per-vu-iterations', vus: Number(__ENV.CLIENTS || 1000), iterations: 1, maxDuration: '2m' } },
  summaryTrendStats: trends,
};

export function setup() {
  const token = signIn();
  const name = collection(token, [thumb]);
  return { token, name, path: `${upload(token, name, picture)}?thumb=${thumb}` };
}

export default function (data) {
  check(http.get(base + data.path), { 'a thumb': (r) => r.status === 200 });
}

export function teardown(data) { remove(data.token, data.name); }
export { summary as handleSummary };
