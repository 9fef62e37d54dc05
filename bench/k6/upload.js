// upload: CLIENTS upload a picture each, again and again, for DURATION.
import { check } from 'k6';
import http from 'k6/http';
import { base, clients, collection, duration, load, remove, signIn, summary, thumb, trends } from './lib.js';

const picture = load();

export const options = { scenarios: { upload: { executor: 'constant-vus', vus: clients, duration } }, summaryTrendStats: trends };

export function setup() {
  const token = signIn();
  return { token, name: collection(token, [thumb]) };
}

export default function (data) {
  const body = { image: http.file(picture, 'picture.' + (__ENV.PICTURE || '').split('.').pop()) };
  const r = http.post(`${base}/api/collections/${data.name}/records`, body, { headers: { Authorization: data.token } });
  check(r, { 'a record': (r) => r.status === 200 });
}

export function teardown(data) { remove(data.token, data.name); }
export { summary as handleSummary };
