// Opens a page in Debian's Chromium, waits until every picture on it has loaded, and prints what it sees as JSON:
//   node page.mjs URL [SCREENSHOT.png]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [url, screenshot] = process.argv.slice(2);
const profile = await mkdtemp(join(tmpdir(), 'imgorigin-chromium-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  viewport: { width: 1200, height: 1330 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const page = await context.newPage();
  const failures = [];
  page.on('console', (m) => m.type() === 'error' && failures.push(m.text()));
  page.on('requestfailed', (r) => failures.push(`${r.url()}: ${r.failure()?.errorText}`));
  page.on('response', (r) => r.status() >= 400 && failures.push(`${r.url()}: ${r.status()}`));
  await page.goto(url, { waitUntil: 'load', timeout: 60_000 });
  await page.evaluate(() => document.querySelectorAll('img').forEach((i) => { i.loading = 'eager'; }));
  await page.waitForFunction(() => [...document.images].every((i) => i.complete), null, { timeout: 120_000 });
  const images = await page.evaluate(() => [...document.images].map((i) => (
    { src: i.currentSrc, width: i.naturalWidth, height: i.naturalHeight })));
  if (screenshot) await page.screenshot({ path: screenshot });
  console.log(JSON.stringify({ title: await page.title(), images, failures }));
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
