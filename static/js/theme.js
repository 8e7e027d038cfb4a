// Runs before the first paint so that a chosen theme never flashes in late.
// Without a choice the stylesheet follows the system by itself, also when scripts are off.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var choice = localStorage.getItem("portal-theme");
    if (choice === "light" || choice === "dark") root.dataset.bsTheme = choice;
  } catch (_storageForbidden) {
    // Private windows may forbid storage: the system's theme stays.
  }
})();
