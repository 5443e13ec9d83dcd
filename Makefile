# make run     everything needed, then Still Here with demonstration data on http://localhost:8000 (PORT=... changes it)
# make serve   the same with production settings
# make test    the whole suite, on SQLite and on PostgreSQL
# make bench   the figures we hold ourselves to
#
# Each step leaves a stamp in .make/ and is skipped until its inputs change. `make clean` forgets the stamps.

PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -qq --require-hashes
DEVELOP := DEBUG=true $(PY)
# On this machine there is no TLS; a real installation says HTTPS=true in its .env or stands behind a proxy.
SERVE := grep -qs '^HTTPS=' .env || export HTTPS="$${HTTPS:-false}"; \
	grep -qs '^ADDRESS=' .env || export ADDRESS="$${ADDRESS:-http://localhost:$(PORT)}"; export DEBUG=false;

# One stamp for each database that DATABASE_URL has named.
DATABASE_STAMP := .make/database-$(shell printf %s "$$DATABASE_URL" | cksum | cut -d' ' -f1)
LIBRARY_STAMP := $(subst database,library,$(DATABASE_STAMP))
DEMO_STAMP := $(subst database,demo,$(DATABASE_STAMP))

# What was thrown away is made again, whatever its stamp says.
ifneq ($(shell test -x $(PY) || echo gone),)
VENV_GONE := again
endif
ifneq ($(shell test -n "$$DATABASE_URL" || grep -qs '^DATABASE_URL=' .env || test -f db.sqlite3 || echo gone),)
DATABASE_GONE := again
endif
ifneq ($(shell test -d collected || echo gone),)
STATIC_GONE := again
endif

.PHONY: run serve test lint bench clean again python env mail
.DEFAULT_GOAL := run

run: $(DEMO_STAMP)
	@$(DEVELOP) manage.py check_keys || { rm -f .make/database-*; exit 1; }
	@echo
	@echo "Still Here is at http://localhost:$(PORT)   (Ctrl-C stops it)"
	@$(DEVELOP) manage.py load_demo --logins
	@echo
	@exec env DEBUG=true $(PY) manage.py runserver --skip-checks $(HOST):$(PORT)

serve: mail $(LIBRARY_STAMP) .make/static
	@$(SERVE) $(PY) manage.py check_keys || { rm -f .make/database-*; exit 1; }
	@echo "Still Here is at http://localhost:$(PORT)   (production settings; Ctrl-C stops it)"
	@$(SERVE) $(PY) manage.py db_worker --verbosity 0 & worker=$$!; trap "kill $$worker 2>/dev/null" EXIT INT TERM; \
		$(PY) -m gunicorn config.wsgi --bind $(HOST):$(PORT) \
		--worker-class gthread --workers 2 --threads 4 --no-control-socket

test: lint
	@echo "== tests on SQLite"
	@DATABASE_URL=sqlite:///db.sqlite3 $(PY) -m pytest -n 2
	@echo "== tests on PostgreSQL"
	@TEST_POSTGRES=1 $(PY) -m pytest -n 2

lint: .make/develop | env
	@echo "== ruff, djlint, mypy, migrations"
	@$(PY) -m ruff check --quiet .
	@$(PY) -m djlint --lint --quiet templates
	@$(DEVELOP) -m mypy .
	@$(DEVELOP) manage.py makemigrations --check --dry-run

bench: export EMAIL_URL := consolemail://
bench: export HTTPS := false
bench: export ADDRESS := http://localhost
bench: $(LIBRARY_STAMP) .make/static
	@DEBUG=false $(PY) manage.py bench

clean:
	rm -rf .make

again:

# Python and its packages

python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python is missing. Debian: sudo apt install python3 python3-venv. macOS: brew install python."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is `$(PYTHON) --version 2>&1`."; \
		echo "If a newer one is installed: make run PYTHON=python3.12 (or what it is called)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. Debian: sudo apt install python3-venv."; exit 1; }

.make/venv: $(VENV_GONE) | python
	@mkdir -p .make
	@echo "making a virtual environment in .venv"
	@test -x $(PY) || rm -rf .venv
	@$(PYTHON) -m venv .venv
	@touch $@

.make/packages: requirements.txt .make/venv
	@echo "installing packages (about a minute the first time)"
	@$(PIP) -r requirements.txt
	@touch $@

.make/develop: requirements-dev.txt .make/packages
	@echo "installing what the tests need"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Keys, the database and what it holds

env: | .make/packages
	@test -n "$$SECRET_KEY" || $(PY) config/make_env.py

$(DATABASE_STAMP): $(DATABASE_GONE) .make/packages $(wildcard .env) $(wildcard */migrations/*.py) | env
	@echo "preparing the database"
	@$(DEVELOP) manage.py migrate --verbosity 0
	@$(DEVELOP) manage.py createcachetable
	@$(DEVELOP) manage.py check_keys
	@touch $@

$(LIBRARY_STAMP): $(DATABASE_STAMP) guidance/shipping.py $(shell find guidance/library)
	@echo "loading the library"
	@$(DEVELOP) manage.py load_library
	@touch $@

$(DEMO_STAMP): $(LIBRARY_STAMP) $(wildcard journal/demo*) $(wildcard journal/management/commands/load_demo.py)
	@echo "loading the demonstration family"
	@$(DEVELOP) manage.py load_demo
	@touch $@

# Production

mail: .make/packages | env
	@$(SERVE) told=$$($(PY) -c 'import config.settings' 2>&1) || { \
		echo "$$told" | tail -n 1 | sed 's/^.*ImproperlyConfigured: /Not started: /'; exit 1; }

.make/static: $(STATIC_GONE) .make/packages $(wildcard .env) $(shell find static) | mail
	@echo "collecting static files"
	@$(SERVE) $(PY) manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@
