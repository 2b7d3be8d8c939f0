"""Line icons on a 24 by 24 grid, drawn for this product."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

PATHS = {
    "alert": "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17.2v.1",
    "arrow-left": "M20 12H5m6-6-6 6 6 6",
    "arrow-right": "M4 12h15m-6-6 6 6-6 6",
    "bell": "M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4",
    "camera": "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0"
    " 0 7",
    "check": "m5 12.5 4.5 4.5L19 7.5",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5.2l3.3 2",
    "dash": "M6 12h12",
    "down": "M12 4v12m-5-5 5 5 5-5M5 20h14",
    "equal": "M6 9.5h12M6 14.5h12",
    "exit": "M14 5H6v14h8M11 12h9m-3.5-3.5L20 12l-3.5 3.5",
    "flag": "M6 21V4m0 1c4-2.5 8 2.5 12 0v8.5c-4 2.5-8-2.5-12 0",
    "flask": "M9 3.5h6M10.2 3.5V9L5 18.4c-.7 1.3.1 2.1 1.3 2.1h11.4c1.2 0 2-.8 1.3-2.1"
    "L13.8 9V3.5M7.6 14.5h8.8",
    "home": "M4 11.2 12 4l8 7.2M6 9.8V20h12V9.8M10 20v-5.5h4V20",
    "moon": "M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7",
    "pause": "M9 6v12M15 6v12",
    "people": "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11M3 19.5c0-3.3 2.7-5.5 6-5.5"
    "s6 2.2 6 5.5M16 4.9a3.2 3.2 0 0 1 0 5.9M18 14.6c1.8.8 3 2.5 3 4.9",
    "person": "M12 11.5a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4M5 20c0-3.6 3-6 7-6"
    "s7 2.4 7 6",
    "printer": "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
    "question": "M9 9a3 3 0 1 1 4.4 2.7c-1 .5-1.4 1.2-1.4 2.3M12 17.4v.1",
    "report": "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 16.5V14m3 2.5V11m3 5.5v-3.5",
    "search": "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.3 15.3 20 20",
    "settings": "M4 7h9m4 0h3M4 12h3m4 0h9M4 17h7m4 0h5M15 9.2V4.8M9 14.2V9.8"
    "M13 19.2v-4.4",
    "up": "M12 19V6m-5.5 5.5L12 6l5.5 5.5",
    "upload": "M12 16V4.5M7.5 9 12 4.5 16.5 9M4.5 15v4.5h15V15",
}


def icon(name: str, extra: str = "") -> SafeString:
    """An icon that a screen reader skips; the text beside it says what it means."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"'
        ' aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        extra,
        PATHS[name],
    )
