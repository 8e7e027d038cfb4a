import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

from portal.lib import declarations

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# A pool and time-outs, which commands neither need nor bear.
os.environ.setdefault("PORTAL_WEB", "1")
# As in manage.py; what is frozen before the fork stays shared by all web processes.
gc.disable()
application = get_wsgi_application()
# The addresses, all their views and what apps declare: each web process would otherwise import it at a first page.
reverse("home")
declarations.find_all()
gc.freeze()
gc.enable()
