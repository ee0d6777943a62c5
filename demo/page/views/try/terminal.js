// A command to be typed elsewhere.

import { announce } from '../../attempt.js';
import { button, element } from '../../dom.js';

/** Shows a command with a button that copies it. */
export function terminal(command) {
  const copy = button('Copy', async () => {
    await navigator.clipboard.writeText(command);
    announce('Copied.');
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy'; }, 2000);
  }, { className: 'quiet', ariaLabel: `Copy: ${command}` });
  return element('p', { className: 'terminal' }, element('code', {}, command), copy);
}
