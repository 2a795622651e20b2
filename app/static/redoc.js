// A file of its own, because the page's Content-Security-Policy allows no inline script.
Redoc.init(
  "/openapi.json",
  {
    hideDownloadButtons: true,
    sortRequiredPropsFirst: true,
    theme: {
      colors: { primary: { main: "#9a3412" } },
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif", fontWeight: "700" },
        code: { fontFamily: 'ui-monospace, "DejaVu Sans Mono", monospace' },
      },
    },
  },
  document.getElementById("contract"),
);
