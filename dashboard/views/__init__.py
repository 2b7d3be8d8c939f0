"""Pages. They read selectors and write only through `monitor.services`."""
