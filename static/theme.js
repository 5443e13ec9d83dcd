// Runs before the page is drawn: the chosen light or dark, and nothing shown after "Leave quickly".
(function () {
  "use strict";
  var root = document.documentElement;
  var away = document.currentScript && document.currentScript.dataset.leave;

  function recall(store, key) {
    try { return window[store].getItem(key); } catch (e) { return null; }
  }
  function show(theme) {
    var chosen = theme === "light" || theme === "dark";
    if (chosen) root.dataset.theme = theme; else delete root.dataset.theme;
    document.querySelectorAll('meta[name="theme-color"]').forEach(function (meta) {
      if (!meta.dataset.own) meta.dataset.own = meta.content;
      meta.content = chosen ? (theme === "dark" ? "#15191a" : "#fbf7f0") : meta.dataset.own;
    });
  }
  show(recall("localStorage", "still-theme"));

  // The switch: radios named "still-theme" with the values system, light, dark.
  document.addEventListener("DOMContentLoaded", function () {
    var now = recall("localStorage", "still-theme") || "system";
    document.querySelectorAll('input[name="still-theme"]').forEach(function (radio) {
      radio.checked = radio.value === now;
      var group = radio.closest("[data-theme-switch]");
      if (group) group.hidden = false;
    });
  });
  document.addEventListener("change", function (event) {
    if (event.target.name !== "still-theme") return;
    try {
      if (event.target.value === "system") localStorage.removeItem("still-theme");
      else localStorage.setItem("still-theme", event.target.value);
    } catch (e) { /* kept for this page only */ }
    show(event.target.value);
  });

  // Somebody left quickly and the browser's Back is pressed: the page stays away.
  function stayAway(back) {
    if (!away || !recall("sessionStorage", "still-left")) return;
    if (back) {
      root.hidden = true;
      location.replace(away);
    } else {
      try { sessionStorage.removeItem("still-left"); } catch (e) { /* nothing to forget */ }
    }
  }
  var entry = performance.getEntriesByType("navigation")[0];
  stayAway(Boolean(entry) && entry.type === "back_forward");
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) stayAway(true);
  });
})();
