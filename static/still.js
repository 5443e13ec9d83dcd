// Small helps. Every page works without this file.
(function () {
  "use strict";

  // Leave quickly: the page is blank at once, then a neutral one takes its place.
  var leave = document.querySelector("[data-leave]:not(script)");
  function go() {
    try { sessionStorage.setItem("still-left", "1"); } catch (e) { /* Back is not covered then */ }
    document.documentElement.hidden = true;
    document.title = "";
    location.replace(leave.dataset.leave);
  }
  if (leave) {
    leave.addEventListener("click", function (event) {
      event.preventDefault();
      go();
    });
    var last = -Infinity;
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") { last = -Infinity; return; }
      if (event.repeat || event.isComposing) return;
      if (event.timeStamp - last < 1000) go();
      last = event.timeStamp;
    }, true);
  }

  // The account menu closes by itself.
  var menu = document.querySelector("details.account");
  if (menu) {
    document.addEventListener("click", function (event) {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("focusout", function (event) {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
    menu.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && menu.open) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }

  // The browser knows its time zone: a first guess at sign-up, never over what was chosen.
  document.querySelectorAll("select[data-time-zone]").forEach(function (select) {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    var known = Array.prototype.some.call(select.options, function (option) { return option.value === zone; });
    if (known && select.form.querySelector("input[name=email]") && !select.form.querySelector(".error")) select.value = zone;
  });

  // Printing the brief, or saving it as PDF.
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  // A page that was shared goes as soon as it may be read no more, or only in part: looked up on return, and each minute.
  var shared = document.querySelector("[data-terms]");
  if (shared) {
    var ask = function () {
      if (document.hidden) return;
      fetch(shared.dataset.ask, { credentials: "same-origin", redirect: "manual" }).then(function (answer) {
        if (answer.ok) return answer.text();
        return answer.status === 404 ? "" : shared.dataset.terms;
      }).then(function (terms) { if (terms !== shared.dataset.terms) location.reload(); }, function () { /* offline */ });
    };
    document.addEventListener("visibilitychange", ask);
    window.addEventListener("focus", ask);
    setInterval(ask, 60000);
  }

  // "Go back" on the pages for when something went wrong.
  document.querySelectorAll("[data-back]").forEach(function (button) {
    if (history.length < 2) return;
    button.hidden = false;
    button.addEventListener("click", function () { history.back(); });
  });
})();
