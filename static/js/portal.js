// The page machinery: dialog, sidebar, live region, busy buttons, theme switch, small helps.
// All listeners sit on the document, so swapped-in parts need no wiring. No eval, nothing inline.
(function () {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const dialog = byId("dialog");
  const sidebar = byId("sidebar");
  const live = byId("live");

  // ---- Focus goes in and comes back -----------------------------------------------------------------------
  const openers = { dialog: null, sidebar: null };

  function remember(name, element) {
    openers[name] = element && element !== document.body ? { element: element, id: element.id } : null;
  }

  function giveFocusBack(name) {
    const opener = openers[name];
    openers[name] = null;
    // The opener may have been swapped for a fresh copy of itself: then its id finds the copy.
    const target = (opener && opener.element.isConnected && opener.element) || (opener && opener.id && byId(opener.id));
    if (target) target.focus();
    else if (name === "dialog" && sidebarIsOpen()) focusInto(sidebar);
    else byId("main").focus({ preventScroll: true });
  }

  function focusInto(container) {
    const target = container.querySelector("[data-error-summary]") || container.querySelector("[autofocus]") ||
      container.querySelector("[data-frame-heading]") || container.querySelector("h1, h2") ||
      container.querySelector("input:not([type=hidden]), select, textarea, button, a[href]");
    if (!target) return;
    if (/^H[1-6]$/.test(target.tagName) && !target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus();
  }

  // ---- Dialog: open exactly while something stands in it --------------------------------------------------
  // Whatever is outside a modal dialog is silent to screen readers, so the live region moves in with it.
  const placeLive = (parent) => { if (live && live.parentNode !== parent) parent.append(live); };

  function showDialog() {
    if (!dialog.querySelector(":scope > :not(#live)")) return dialog.close();
    if (!dialog.open) dialog.showModal();
    placeLive(dialog);
    focusInto(dialog);
  }

  function closeDialog() {
    if (dialog && dialog.open) dialog.close();
  }

  if (dialog) {
    dialog.addEventListener("close", () => {
      placeLive(document.body);
      dialog.replaceChildren();
      giveFocusBack("dialog");
    });
    // While a commit is on its way its answer must have a place to appear.
    dialog.addEventListener("cancel", (event) => {
      if (dialog.querySelector("[aria-busy=true]")) event.preventDefault();
    });
  }

  // ---- Sidebar: open exactly while something stands in it -------------------------------------------------
  const covers = window.matchMedia("(max-width: 74.99rem)");
  let addressBefore = null;
  let titleBefore = "";
  // What stands in main, beside whatever sidebar.
  let pageAddress = location.href;

  const sidebarIsOpen = () => Boolean(sidebar && sidebar.firstElementChild);

  // Where the sidebar covers the page, what lies under it must not be reached by the Tab key.
  function guardPage() {
    const covered = sidebarIsOpen() && covers.matches;
    for (const part of [byId("main"), document.querySelector(".shell-header")]) if (part) part.inert = covered;
  }

  function closeSidebar() {
    if (!sidebarIsOpen()) return;
    sidebar.replaceChildren();
    guardPage();
    if (addressBefore) {
      history.replaceState({ htmx: true }, "", addressBefore);
      document.title = titleBefore;
      addressBefore = null;
    }
    document.querySelectorAll("tr.is-selected").forEach((row) => row.classList.remove("is-selected"));
    giveFocusBack("sidebar");
  }

  covers.addEventListener("change", guardPage);
  guardPage();

  document.addEventListener("htmx:beforeRequest", (event) => {
    const target = event.detail.target;
    const from = event.detail.elt;
    if (target === dialog && !dialog.open) remember("dialog", document.activeElement || from);
    if (target === sidebar && !sidebarIsOpen()) {
      remember("sidebar", from);
      addressBefore = pageAddress;
      titleBefore = document.title;
    }
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === dialog && event.detail.shouldSwap) placeLive(document.body);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target === dialog) showDialog();
    if (target === sidebar) {
      guardPage();
      sidebar.scrollTop = 0;
      document.querySelectorAll("tr.is-selected").forEach((row) => row.classList.remove("is-selected"));
      const row = openers.sidebar && event.detail.requestConfig && event.detail.requestConfig.elt.closest("tr");
      if (row) row.classList.add("is-selected");
      // A sidebar that re-reads itself must not take the focus from where somebody works.
      const cause = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
      const asked = cause && (cause.type === "click" || cause.type === "submit");
      if (asked || document.activeElement === document.body) focusInto(sidebar);
    }
  });

  // Back and Forward between a list and what it opens in the sidebar close and open the sidebar: the list is there.
  // Whatever else is in the history is htmx's, which loads the page.
  const openerOf = (address) =>
    Array.from(document.querySelectorAll("main a[hx-target='#sidebar']")).find((link) => link.href === address);

  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
    document.addEventListener(name, () => {
      if (openerOf(location.href)) return;
      pageAddress = location.href;
      // The list was filtered while the sidebar is open.
      if (addressBefore) addressBefore = pageAddress;
    });
  }

  window.addEventListener("popstate", (event) => {
    const opener = openerOf(location.href);
    const isBelow = location.href === addressBefore;
    if (!opener && !isBelow) return;
    event.stopImmediatePropagation();
    closeDialog();
    if (isBelow) closeSidebar();
    else htmx.ajax("GET", opener.getAttribute("href"), { source: opener, target: "#sidebar", push: "false" })
      .then(() => focusInto(sidebar));
  });

  // The server may close it: HX-Trigger: close-dialog.
  document.addEventListener("close-dialog", closeDialog);

  // ---- Live region: said and shown ------------------------------------------------------------------------
  let fading = 0;
  // The note of a lost line, while it is shown; and whether something may have been written meanwhile.
  let lineLost = null;

  function announce(message, tone) {
    if (!live || !message) return;
    window.clearTimeout(fading);
    const note = document.createElement("div");
    note.className = "live-note";
    note.dataset.tone = tone;
    const text = document.createElement("p");
    text.textContent = message;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => live.replaceChildren());
    note.append(text, close);
    live.replaceChildren(note);
    lineLost = null;
    // Good news may go by itself; a failure stays until it was seen.
    if (tone !== "danger") {
      const leave = () => {
        if (note.matches(":hover, :focus-within")) fading = window.setTimeout(leave, 2000);
        else note.remove();
      };
      fading = window.setTimeout(leave, 12000);
    }
  }

  document.addEventListener("announce", (event) => announce(event.detail.message, event.detail.tone || "success"));

  const FAILURES = {
    400: "The portal could not read this request. Load the page again.",
    403: "You may not do this, or your page is too old. Load it again; if it stays so, ask a superuser.",
    404: "This no longer exists. Load the page again to see what is there now.",
    405: "The portal does not offer this here. Load the page again.",
    413: "This is too long: the portal takes no files, and no form longer than a megabyte. Nothing was written.",
    429: "Too many requests. Wait a minute and try again.",
    500: "Something went wrong in the portal. Check the record before you try again.",
    502: "The portal is not available just now. Try again in a minute.",
    503: "The portal is not available just now. Try again in a minute.",
    504: "The portal took too long to answer. Check the record before you try again.",
  };

  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    announce(FAILURES[status] || "The portal answered with error " + status + ". Check the record before you try again.", "danger");
  });
  document.addEventListener("htmx:timeout", () => announce(FAILURES[504], "danger"));
  document.addEventListener("htmx:sendError", (event) => {
    const isRead = event.detail.requestConfig.verb === "get";
    announce("The portal cannot be reached. Check your connection" +
      (isRead ? "." : "; check the record before you try again."), "danger");
    if (live) lineLost = { note: live.firstElementChild, isRead: isRead };
  });

  // The browser says so, or an answer came. Whoever wrote when it was lost still has something to check.
  function lineIsBack(hasWritten) {
    if (!lineLost) return;
    const { note, isRead } = lineLost;
    lineLost = null;
    if (!note.isConnected) return;
    if (isRead || hasWritten) note.remove();
    else announce("The portal can be reached again. Check the record before you try again.", "danger");
  }

  window.addEventListener("online", () => {
    lineIsBack(false);
    askAgain();
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => lineIsBack(event.detail.requestConfig.verb !== "get"));
  document.addEventListener("htmx:swapError", () =>
    announce("The answer could not be shown. Load the page again.", "danger"));

  // ---- Busy: the button that commits works once -----------------------------------------------------------
  const submitButtons = (form) => Array.from(form.elements).filter((e) => e.type === "submit");

  function setBusy(form, submitter) {
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    for (const button of submitButtons(form)) {
      if (button.disabled) continue;
      button.disabled = true;
      button.dataset.wasEnabled = "";
      if (button === submitter || !submitter) showBusy(button);
    }
  }

  function showBusy(button) {
    if (!button.dataset.busyLabel) return;
    const label = button.querySelector("[data-button-label]") || button;
    button.dataset.label = label.textContent;
    button.dataset.busy = "";
    label.textContent = button.dataset.busyLabel;
  }

  function endBusy(form) {
    form.removeAttribute("aria-busy");
    for (const button of submitButtons(form)) {
      if (!("wasEnabled" in button.dataset)) continue;
      button.disabled = false;
      delete button.dataset.wasEnabled;
      if (!("busy" in button.dataset)) continue;
      (button.querySelector("[data-button-label]") || button).textContent = button.dataset.label;
      delete button.dataset.busy;
      delete button.dataset.label;
      // A disabled button loses the focus; after a failed request it should be there again.
      if (form.isConnected && (!document.activeElement || document.activeElement === document.body)) button.focus();
    }
  }

  // Reading forms (filters) send as one types: only forms that write are held.
  const writes = (form) => form instanceof HTMLFormElement && (form.method === "post" || form.hasAttribute("hx-post"));

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!writes(form) || event.defaultPrevented || form.hasAttribute("hx-post")) return;
    // The browser reads the pressed button's name after this event: disable it one turn later.
    window.setTimeout(() => setBusy(form, event.submitter), 0);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form");
    const cause = event.detail.requestConfig.triggeringEvent;
    if (form && writes(form) && event.detail.requestConfig.verb !== "get") setBusy(form, cause && cause.submitter);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form && writes(form)) endBusy(form);
  });
  // Coming back through the browser's page cache shows the page as it was left: with its buttons held.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy=true]").forEach(endBusy));

  // ---- Old hits: what answers other words than those in the search field can't be clicked ------------------
  // The field's default is what the hits answer: the server writes it, and each answer does.
  const hitsOf = (field) => document.querySelector(field.form.getAttribute("hx-target"));
  const searches = () => Array.from(document.querySelectorAll("form[hx-target] [data-search][hx-get]"));
  const isAnswered = (field) => field.value === field.defaultValue;
  const guardHits = (field) => { hitsOf(field).inert = !isAnswered(field); };

  function askAgain() {
    // As typing asks, not as Enter does, which opens the only answer.
    for (const field of searches()) if (!isAnswered(field)) htmx.ajax("GET", field.getAttribute("hx-get"), { source: field });
  }

  document.addEventListener("input", (event) => { if (searches().includes(event.target)) guardHits(event.target); });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const field of searches().filter((one) => hitsOf(one) === event.detail.target)) {
      const asked = new URL(event.detail.pathInfo.finalRequestPath, location.href).searchParams;
      field.defaultValue = asked.get(field.name) || "";
      guardHits(field);
    }
  });
  // Words that the browser filled in again, or that were left without an answer.
  window.addEventListener("pageshow", () => {
    searches().forEach(guardHits);
    askAgain();
  });

  // ---- What was typed is kept: through Esc, Back, a reload, an ended session -------------------------------
  // A form with data-keep="USER:SUBJECT" keeps what somebody typed in this tab's own storage, field by field.
  // What nobody touched is not kept, so that a day that the portal proposes is that of today.
  const KEPT = "portal-kept:";
  const keptFields = (form) => Array.from(form.elements).filter(
    (e) => e.name && e.matches("textarea, select, input:not([type=hidden], [type=radio], [type=checkbox], [type=password])"));

  function readKept(form) {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT + form.dataset.keep)) || {};
    } catch (_storageForbiddenOrForeign) {
      return {};
    }
  }

  function keep(field) {
    const form = field.form;
    if (!form || !form.dataset.keep || !keptFields(form).includes(field)) return;
    const kept = readKept(form);
    kept[field.name] = field.value;
    try {
      sessionStorage.setItem(KEPT + form.dataset.keep, JSON.stringify(kept));
    } catch (_storageForbiddenOrFull) {
      // Then Back within the steps keeps it.
    }
  }

  function forgetKept(isGone) {
    try {
      for (const key of Object.keys(sessionStorage)) {
        if (key.startsWith(KEPT) && isGone(key.slice(KEPT.length))) sessionStorage.removeItem(key);
      }
    } catch (_storageForbidden) {
      // Then nothing was kept.
    }
  }

  function fillIn(root) {
    for (const form of root.querySelectorAll("form[data-keep]")) {
      // Who comes after somebody else in the same tab finds nothing of theirs.
      const user = form.dataset.keep.split(":")[0] + ":";
      forgetKept((name) => !name.startsWith(user));
      const kept = readKept(form);
      let differs = false;
      for (const field of keptFields(form)) {
        if (typeof kept[field.name] !== "string" || kept[field.name] === field.value) continue;
        const served = field.value;
        field.value = kept[field.name];
        // A reason that is no longer offered can't be chosen again.
        if (field.value !== kept[field.name]) field.value = served;
        else differs = true;
      }
      const note = form.querySelector("[data-kept-note]");
      if (note) note.hidden = !differs;
    }
  }

  function startEmpty(form) {
    forgetKept((name) => name === form.dataset.keep);
    for (const field of keptFields(form)) {
      if (field.tagName === "SELECT") field.selectedIndex = 0;
      else field.value = field.type === "date" ? field.defaultValue : "";
    }
    form.querySelector("[data-kept-note]").hidden = true;
    const first = keptFields(form)[0];
    if (first) first.focus();
  }

  document.addEventListener("input", (event) => keep(event.target));
  document.addEventListener("change", (event) => keep(event.target));
  document.addEventListener("htmx:afterSwap", (event) => fillIn(event.detail.target));
  document.addEventListener("subscription-terminated", (event) =>
    forgetKept((name) => name.endsWith(":" + event.detail.uuid)));
  // Logging out leads to a log-in that leads nowhere special; an ended session to one that leads back.
  if (document.querySelector("[data-forget-kept]")) forgetKept(() => true);
  fillIn(document);

  // ---- A choice with a list of its own: picking from the list picks the choice -----------------------------
  // The list of a choice that is left looks unpicked; it remembers what was picked, for who comes back.
  document.addEventListener("change", (event) => {
    const radio = event.target instanceof Element && event.target.closest(".choice-group input[type=radio]");
    // Other forms have groups of radio buttons too, without lists.
    if (!radio || !radio.closest(".choice")) return;
    const group = radio.closest(".choice-group");
    const own = radio.closest(".choice").querySelector(":scope > .form-check > input[type=radio]");
    if (radio !== own) own.checked = true;
    for (const choice of group.querySelectorAll(":scope > .choice")) {
      const listed = Array.from(choice.querySelectorAll(".choice-notes input[type=radio]"));
      if (choice.contains(radio)) {
        const before = listed.find((item) => "wasPicked" in item.dataset);
        if (before && !listed.some((item) => item.checked)) before.checked = true;
      } else {
        for (const item of listed.filter((one) => one.checked)) {
          for (const other of listed) delete other.dataset.wasPicked;
          item.dataset.wasPicked = "";
          item.checked = false;
        }
      }
    }
  });

  // ---- Clicks ---------------------------------------------------------------------------------------------
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      announce("Copied.", "success");
    } catch (_clipboardForbidden) {
      announce("The browser did not allow copying. Select the text instead.", "danger");
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(target)) menu.open = false;
    });
    if (dialog && dialog.open && target.closest("#dialog [data-dialog-close]")) {
      event.preventDefault();
      if (!dialog.querySelector("[aria-busy=true]")) closeDialog();
    } else if (target === sidebar || target.closest("#sidebar [data-sidebar-close]")) {
      // Opened by its own address there is no list underneath: then the link leads to it.
      if (addressBefore || target === sidebar) {
        event.preventDefault();
        closeSidebar();
      }
    }
    const emptied = target.closest("[data-kept-clear]");
    if (emptied) startEmpty(emptied.form);
    const copied = target.closest("[data-copy]");
    if (copied) copy(copied);
    const theme = target.closest("[data-theme-value]");
    if (theme) chooseTheme(theme.dataset.themeValue);
    const toField = target.closest("[data-error-summary] a[href^='#']");
    if (toField) {
      const holder = byId(toField.getAttribute("href").slice(1));
      const field = holder && holder.querySelector("input:not([type=hidden]):not(:disabled), select, textarea");
      if (field) {
        event.preventDefault();
        field.focus();
      }
    }
  });

  // ---- Keys -----------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape") {
      if (dialog && dialog.open) return;
      const menu = document.querySelector("details[data-menu][open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (sidebarIsOpen()) {
        const close = sidebar.querySelector("[data-sidebar-close]");
        if (addressBefore || !close) closeSidebar();
        else close.click();
      } else if (live) {
        live.replaceChildren();
      }
      return;
    }
    const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !(dialog && dialog.open)) {
      const search = document.querySelector("main [data-search], main input[name=q], main input[type=search]");
      // In the empty search field, which may have the focus from the start, the key does the same.
      if (search && !search.closest("[inert]") && (!typing || (typing === search && !search.value))) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });

  // ---- Theme ----------------------------------------------------------------------------------------------
  function showTheme() {
    const chosen = document.documentElement.dataset.bsTheme || "system";
    document.querySelectorAll("[data-theme-value]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeValue === chosen));
    });
  }

  function chooseTheme(value) {
    const root = document.documentElement;
    if (value === "system") delete root.dataset.bsTheme;
    else root.dataset.bsTheme = value;
    try {
      if (value === "system") localStorage.removeItem("portal-theme");
      else localStorage.setItem("portal-theme", value);
    } catch (_storageForbidden) {
      // The choice then lasts for this page.
    }
    showTheme();
  }

  showTheme();
})();
