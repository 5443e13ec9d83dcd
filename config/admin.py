"""The curators' desk is Django's admin; what packages register by themselves is not part of it."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "config.desk.Desk"
