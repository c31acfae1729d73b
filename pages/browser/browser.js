// What only the browser itself can do; `pages/_browser.py` gives the orders.
// The theme's place in the browser is Streamlit's own; it is kept for each path a page was loaded from.
const done = (window.__askwellDone = window.__askwellDone || new Set());
const paths = ["/", "/history", "/models", "/connections", "/admin"];

async function call(path, ticket) {
  await fetch(path, { method: "POST", headers: { "X-Askwell-Ticket": ticket }, credentials: "same-origin" });
}

function remember(theme) {
  for (const path of paths) {
    window.localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(theme));
  }
}

export default function (component) {
  const order = component.data;
  if (!order || done.has(order.id)) return;
  done.add(order.id);
  if (order.do === "start") call("/session/start", order.ticket);
  // Whoever came through an OpenID provider also signs out there, and of what Streamlit remembers of it.
  if (order.do === "end") {
    call("/session/end", "end").then(() => window.location.assign(order.provider ? "/auth/logout" : "/"));
  }
  if (order.do === "theme") { remember(order.theme); window.location.reload(); }
}
