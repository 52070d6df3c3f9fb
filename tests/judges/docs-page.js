// Tests the interactive documentation in a real browser: it loads without console
// messages or requests to other hosts, and "try it out" creates a user.
//
//     node docs-page.js URL

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const service = process.argv[2];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const page = await browser.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${service}/`) && !url.startsWith("data:")) complaints.push(`asked for ${url}`);
  });
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));

  await page.goto(`${service}/docs`);
  const operation = page.locator("#operations-users-createUser");
  await operation.waitFor();
  const described = await (await page.request.get(`${service}/openapi.json`)).json();
  const count = Object.values(described.paths).flatMap((item) => Object.keys(item)).length;
  assert.equal(await page.locator(".opblock").count(), count, "every operation is shown");

  await operation.locator(".opblock-summary-control").click();
  const body = operation.locator("textarea.body-param__text");
  await body.waitFor();
  const email = `browser.${process.pid}@example.org`;
  await body.fill(JSON.stringify({ name: "Ada Lovelace", email }));
  await operation.locator("button.execute").click();
  const status = operation.locator(".live-responses-table .response-col_status").nth(1);
  await status.waitFor();
  assert.match(await status.innerText(), /^201/);

  const users = await (await page.request.get(`${service}/users?limit=100`)).json();
  assert.ok(users.some((user) => user.email === email), "the user is there");
  assert.deepEqual(complaints, []);
  console.log(`the documentation shows ${count} operations and created a user`);
} finally {
  await browser.close();
}
