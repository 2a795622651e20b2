// A file of its own, because the page's Content-Security-Policy allows no inline script.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// A path inside a button must be no link: a keyboard reaches the button alone, and opening it sets the address anyway.
const plainPaths = ({ React }) => ({
  components: { DeepLink: ({ text }) => React.createElement("span", null, text) },
});

// Swagger UI asks for this component before it offers a list of files, does without it, and warns that there is none.
const files = ({ React }) => ({
  components: { JsonSchema_string_binary: (field) => React.createElement(field.getComponent("JsonSchema_string"), field) },
});

// Fields that Swagger UI leaves without a name get that of the row or the select they belong to.
const NAMED = [
  ["#servers", () => "Server"],
  ["tr :is(input, select, textarea)", (field) => field.closest("tr").querySelector(".parameter__name")?.textContent],
  ["textarea.body-param__text", () => "Body"],
  [".copy-to-clipboard button", () => "Copy"],
  [".close-modal", () => "Close"],
  ["select", () => "Choice"],
];
const name = () => {
  for (const [selector, nameOf] of NAMED) {
    for (const field of document.querySelectorAll(selector)) {
      const text = field.hasAttribute("aria-label") ? "" : nameOf(field);
      if (text) field.setAttribute("aria-label", text);
    }
  }
  // What is said of a button begins with the words on it (WCAG 2.2, 2.5.3).
  for (const button of document.querySelectorAll(".auth-btn-wrapper button[aria-label]")) {
    const words = button.textContent.trim();
    if (!button.ariaLabel.startsWith(words)) button.ariaLabel = `${words}: ${button.ariaLabel}`;
  }
  // What scrolls must be reachable without a mouse.
  for (const block of document.querySelectorAll("#contract pre, #contract .highlight-code > *")) block.tabIndex = 0;
};
new MutationObserver(name).observe(document.getElementById("contract"), { childList: true, subtree: true });

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // The validator is a foreign host.
  validatorUrl: null,
  plugins: [plainPaths, files],
});
