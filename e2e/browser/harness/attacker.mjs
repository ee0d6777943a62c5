const PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Win a prize</title><h1>Win a prize</h1></html>';

/** A page of somebody else, in the victim's browser: it runs whatever script it likes. */
export class Attacker {
  constructor(world, device, page, origin) {
    this.world = world;
    this.device = device;
    this.page = page;
    this.origin = origin;
  }

  /** Lures a device to a page of the host, on a port of its own. */
  static async lure(device, host, { secure }) {
    const { world } = device;
    const answer = (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    const front = await world.stranger(answer, { secure });
    const origin = front.origin(host);
    return new Attacker(world, device, await device.page(`${origin}/`), origin);
  }

  /** Goes back to the page of the attack. */
  home() {
    return this.page.goto(`${this.origin}/`);
  }

  /** Sends a form the way a page does, and takes the browser along. */
  async form(url, fields) {
    await this.home();
    const landed = this.page.waitForNavigation({ waitUntil: 'commit' });
    await this.#submit([{ url, fields }]);
    await landed;
  }

  /** Sends many forms at once, each into a hidden frame: `{ url, fields, enctype }`. */
  async forms(all) {
    await this.home();
    await this.#submit(all.map((form) => ({ ...form, isHidden: true })));
  }

  #submit(forms) {
    return this.page.evaluate((forms) => {
      for (const [index, { url, fields, enctype, isHidden }] of forms.entries()) {
        const form = Object.assign(document.createElement('form'), { action: url, method: 'post' });
        form.enctype = enctype ?? 'application/x-www-form-urlencoded';
        for (const [name, value] of Object.entries(fields)) {
          form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
        }
        if (isHidden) {
          form.target = `hidden-${index}`;
          document.body.append(Object.assign(document.createElement('iframe'), { name: form.target, hidden: true }));
        }
        document.body.append(form);
        form.submit();
      }
    }, forms);
  }

  /** Follows a link. */
  async visit(url) {
    await this.home();
    const landed = this.page.waitForNavigation({ waitUntil: 'commit' });
    await this.page.evaluate((url) => location.assign(url), url);
    await landed;
  }

  /** Calls by script. Returns what the script learns: `{ type, status, text }`, or `{ blocked: true }`. */
  async script(url, init = {}) {
    return this.page.evaluate(
      async ([url, init]) => {
        try {
          const reply = await fetch(url, { credentials: 'include', ...init });
          return { type: reply.type, status: reply.status, text: await reply.text() };
        } catch {
          return { blocked: true };
        }
      },
      [url, init],
    );
  }

  /** Includes a URL as other kinds of content, and tells what the page notices. */
  included(url) {
    return this.page.evaluate(async (url) => {
      const load = (element, attributes) =>
        new Promise((resolve) => {
          Object.assign(element, attributes, { onload: () => resolve('load'), onerror: () => resolve('error') });
          document.head.append(element);
        });
      return {
        script: await load(document.createElement('script'), { src: url }),
        image: await load(document.createElement('img'), { src: url }),
        style: await load(document.createElement('link'), { rel: 'stylesheet', href: url }),
      };
    }, url);
  }

  /** Puts a page into a frame; `refused` where the browser shows its own error instead. */
  async framed(url) {
    const attached = this.page.waitForEvent('frameattached');
    await this.page.evaluate((src) => document.body.append(Object.assign(document.createElement('iframe'), { src })), url);
    const frame = await attached;
    const landed = frame.waitForURL((at) => at.protocol !== 'about:').then(() => frame.url());
    return landed.catch((error) => (/ERR_BLOCKED_BY_RESPONSE/.test(error.message) ? 'refused' : Promise.reject(error)));
  }
}
