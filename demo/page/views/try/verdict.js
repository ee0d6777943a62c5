// What came of something that was tried.

import { attempt } from '../../attempt.js';
import { button, element } from '../../dom.js';

/** Makes a place to say what happened, and buttons that say it there. */
export function verdict() {
  const place = element('p', { className: 'verdict', role: 'status', hidden: true });

  function say(...words) {
    place.replaceChildren(...words);
    place.hidden = false;
  }

  return {
    place,
    say,
    /** A button that does something and says the sentence that comes back. */
    trying: (text, work) => button(text, (self) => attempt(self, async () => {
      place.hidden = true;
      const words = await work();
      if (words) say(words);
    })),
  };
}
