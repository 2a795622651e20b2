// What stands behind a mailed link. Opening it does nothing, for mail programs open links to look at them; a button does.

const withToken = document.getElementById("with-token");
const withoutToken = document.getElementById("without-token");
const outcome = document.getElementById("outcome");
let token = null;

const begin = () => {
  token = new URLSearchParams(location.hash.slice(1)).get("token");
  // Neither the history nor a bookmark keeps the token.
  if (token) history.replaceState(null, "", location.pathname);
  withToken.hidden = !token;
  withoutToken.hidden = Boolean(token);
  outcome.textContent = "";
};
// Who opens the link where this page is open already gets no new page.
addEventListener("hashchange", begin);
begin();

const reason = (problem) => (problem.errors ?? []).map((error) => error.detail).join(" ") || problem.detail;

const send = async (form, body) => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(form.dataset.action, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.ok) {
    form.hidden = true;
    return form.dataset.done;
  }
  const problem = await answer.json();
  if (problem.code === "token_invalid") {
    form.hidden = true;
    withoutToken.hidden = false;
  }
  return reason(problem);
};

for (const form of document.querySelectorAll("form.account")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const fields = Object.fromEntries(new FormData(form));
    button.disabled = true;
    try {
      outcome.textContent = await send(form, form === withToken ? { ...fields, token } : fields);
    } catch {
      outcome.textContent = "The service does not answer. Try again in a moment.";
    } finally {
      button.disabled = false;
    }
  });
}
