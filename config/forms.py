"""How forms are drawn, and that nothing may be uploaded."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    field_template_name = "forms/field.html"


class NoFiles(FileUploadHandler):
    """No form of ours takes a file: whatever is sent is dropped unread, and its field counts as empty."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None
