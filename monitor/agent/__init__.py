"""What runs beside a camera and sends its pictures: `python -m monitor.agent`.

Standard library alone (OpenCV for USB cameras), so a small computer needs neither
Django nor anything else of the product: this folder and `monitor/__init__.py` are
enough. Nothing else of the product may be imported here, but the server imports
`signature` from here, so both sign in the same way.
"""

VERSION = "1.0"
