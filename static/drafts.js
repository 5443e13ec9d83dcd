// Keeps what is typed until it is saved: through a reload, a lost session, a failed save. Kept on this device under the
// user's code, offered to that user only, gone at save and at sign-out.
(function () {
  "use strict";
  var PREFIX = "still-draft:";
  var SKIPPED = { csrfmiddlewaretoken: true };

  function store(act) { try { return act(localStorage); } catch (e) { return null; } }
  function keyOf(form) { return PREFIX + form.dataset.user + ":" + form.dataset.draft; }

  function collect(form) {
    var kept = {};
    new FormData(form).forEach(function (value, name) {
      if (SKIPPED[name] || typeof value !== "string") return;
      (kept[name] = kept[name] || []).push(value);
    });
    return kept;
  }
  function restore(form, kept) {
    Array.prototype.forEach.call(form.elements, function (field) {
      if (!field.name || SKIPPED[field.name]) return;
      var values = kept[field.name];
      if (field.type === "checkbox" || field.type === "radio") field.checked = Boolean(values) && values.indexOf(field.value) >= 0;
      else if (values && field.type !== "submit") field.value = values[0];
    });
    form.querySelectorAll("details").forEach(function (fold) {
      if (fold.querySelector("input:checked") || Array.prototype.some.call(fold.querySelectorAll("textarea"), function (area) { return area.value; })) fold.open = true;
    });
  }
  function same(first, second) { return JSON.stringify(first) === JSON.stringify(second); }

  function watch(form) {
    if (form.dataset.watched) return;
    form.dataset.watched = "yes";
    var key = keyOf(form);
    var blank = collect(form);
    delete blank.client_key;
    var kept = store(function (s) { return JSON.parse(s.getItem(key) || "null"); });
    if (kept && !form.querySelector(".error")) {
      var without = Object.assign({}, kept);
      delete without.client_key;
      if (!same(without, blank)) offer(form, key, kept);
    }
    form.addEventListener("input", function () {
      store(function (s) { s.setItem(key, JSON.stringify(collect(form))); });
    });
  }
  function offer(form, key, kept) {
    var note = document.getElementById("draft-note").content.firstElementChild.cloneNode(true);
    var back = note.querySelector("[data-restore]");
    var away = note.querySelector("[data-forget]");
    back.addEventListener("click", function () {
      var fold = form.closest("details");
      if (fold) fold.open = true;
      restore(form, kept);
      note.remove();
    });
    away.addEventListener("click", function () {
      store(function (s) { s.removeItem(key); });
      note.remove();
    });
    (form.closest("details") || form).before(note);
  }
  function all() { document.querySelectorAll("form[data-draft]").forEach(watch); }

  // A page of the moment itself, or a form swapped in without an error, means that it was saved.
  function forget(prefix) {
    store(function (s) {
      Object.keys(s).filter(function (key) { return key.indexOf(prefix) === 0; }).forEach(function (key) { s.removeItem(key); });
    });
  }
  var saving = "still-saving";
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset && form.dataset.draft) {
      store(function (s) { s.setItem(keyOf(form), JSON.stringify(collect(form))); });
      try { sessionStorage.setItem(saving, keyOf(form)); } catch (e) { /* it is offered once too often */ }
    }
    if (form.action && form.action.indexOf("/logout/") > 0) forget(PREFIX);
  });
  function settle() {
    var key = null;
    try { key = sessionStorage.getItem(saving); sessionStorage.removeItem(saving); } catch (e) { return; }
    var at = document.querySelector("[data-saved]");
    if (key && at && !document.querySelector("form[data-draft] .error")) store(function (s) { s.removeItem(key); });
  }
  settle();
  all();
  document.addEventListener("htmx:afterSwap", function () { settle(); all(); });
})();
