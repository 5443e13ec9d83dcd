"""Addresses of the product's own pages."""

from django.urls import path

from .views import library, moments, pages, people, timeline

urlpatterns = [
    path("", pages.home, name="home"),
    path("help-lines/", pages.help_lines, name="help_lines"),
    path("i-might-lose-it/", pages.lose_it, name="lose_it"),
    path("privacy/", pages.privacy, name="privacy"),
    path("list/", pages.neutral, name="neutral"),
    path("library/", library.library, name="library"),
    path("library/about/<slug:slug>/", library.library_signal, name="library_signal"),
    path("library/<slug:slug>/", library.library_passage, name="library_passage"),
    path("moments/", timeline.timeline, name="timeline"),
    path("moments/new/", moments.moment_new, name="moment_new"),
    path("moments/<uuid:code>/", moments.moment, name="moment"),
    path("moments/<uuid:code>/edit/", moments.moment_edit, name="moment_edit"),
    path("moments/<uuid:code>/more/", moments.moment_more, name="moment_more"),
    path("moments/<uuid:code>/signals/", moments.moment_signals, name="moment_signals"),
    path("moments/<uuid:code>/again/", moments.moment_again, name="moment_again"),
    path("moments/<uuid:code>/safety/", moments.moment_safety, name="moment_safety"),
    path("moments/<uuid:code>/history/", moments.moment_history, name="moment_history"),
    path("moments/<uuid:code>/delete/", moments.moment_delete, name="moment_delete"),
    path("moments/<uuid:code>/deleted/", moments.moment_deleted, name="moment_deleted"),
    path("moments/<uuid:code>/restore/", moments.moment_restore, name="moment_restore"),
    path("suggestions/<uuid:code>/feedback/", moments.suggestion_feedback, name="suggestion_feedback"),
    path("children/new/", people.child_new, name="child_new"),
    path("children/<uuid:code>/", people.child_edit, name="child_edit"),
    path("account/", people.account, name="account"),
    path("account/chips/<uuid:code>/remove/", people.own_chip_remove, name="own_chip_remove"),
]
