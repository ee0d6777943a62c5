// What the pages do better with JavaScript. Everything works without.

// The answer to a form is a page like any other: loading it again must not send the password again.
const { at } = document.body.dataset;
if (at) history.replaceState(history.state, '', at);

// A password can be shown while it is typed.
for (const button of document.querySelectorAll('button[data-shows]')) {
  const input = document.getElementById(button.dataset.shows);
  if (!(input instanceof HTMLInputElement)) continue;

  const show = (visible) => {
    input.type = visible ? 'text' : 'password';
    button.textContent = visible ? button.dataset.hide : button.dataset.show;
    button.setAttribute('aria-label', visible ? button.dataset.hideLabel : button.dataset.showLabel);
  };

  button.addEventListener('click', () => {
    show(input.type === 'password');
    input.focus();
  });
  // What is sent as plain text, the browser offers to the next person as something typed before.
  input.form?.addEventListener('submit', () => show(false));
  show(false);
  button.hidden = false;
}
