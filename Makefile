# The two commands: make demo, make test. Everything they need is set up by tools/bootstrap.py.
#
#   make demo [SERVE=0] [ACCOUNTS=2000] [MONTHS=14] [SEED=1]   private services, demo supplier, billing run, web server
#   make clean-demo                                            remove the demo's data
#   make test [ARGS="tests/unit -k tier"]                      what CI runs
#   make proof [MUTATE=--sample=500]                           the same tests with larger numbers, then the tests proved by
#                                                              changing the code in small ways; for a night
#   make lint | make bench [BENCH_ARGS=--quick] | make messages | make setup | make setup-bench

PYTHON ?= python3
VENV := .venv/bin/python
VAR := $(or $(WATTLINE_VAR),var)
RUN := $(VENV) -m cis.embedded run --with-parent --
DEMO := $(if $(filter 0,$(SERVE)),--no-serve) $(if $(ACCOUNTS),--accounts $(ACCOUNTS)) \
	$(if $(MONTHS),--months $(MONTHS)) $(if $(SEED),--seed $(SEED))

.DEFAULT_GOAL := help
# Each of our processes would compile all libraries again, which takes longer than to start.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup setup-test setup-bench setup-proof demo clean-demo test proof lint bench messages

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

setup:
	@$(PYTHON) tools/bootstrap.py demo

setup-test:
	@$(PYTHON) tools/bootstrap.py test

demo: setup
	@HEAD_END_GATEWAY=sandbox PARTNER_BANK=sandbox CASE_MAILBOX=sandbox PAYMENT_PROVIDERS=sandbox,sandbox_alipay,sandbox_wechat \
		PAYMENT_FEES=sandbox=0.6,sandbox_alipay=0.6,sandbox_wechat=0.38 \
		DEBIT_BANK=sandbox E_INVOICE_PLATFORM=sandbox DEBIT_CREDITOR_NAME="明电示范供电公司" DEBIT_CREDITOR_ID=310000000017 \
		DEBIT_CREDITOR_ACCOUNT=6222020000001234567 DEBIT_CREDITOR_BANK_CODE=102290000001 $(RUN) $(VENV) manage.py demo $(DEMO)

clean-demo:
	@if [ -x $(VENV) ]; then $(VENV) -m cis.embedded remove; fi
	@cd "$(VAR)" 2>/dev/null && rm -rf demo documents mail static static.stamp secret_key beat-schedule* log || true

test: setup-test
	@$(VENV) tools/check.py $(ARGS)

proof: setup-proof
	@WATTLINE_PROOF=1 $(VENV) tools/check.py $(ARGS)
	@$(VENV) tools/mutate.py $(MUTATE)

lint: setup-test
	@$(VENV) tools/check.py --only lint

setup-proof:
	@$(PYTHON) tools/bootstrap.py proof

setup-bench:
	@$(PYTHON) tools/bootstrap.py bench

bench: setup-bench
	@$(VENV) -m benchmarks $(BENCH_ARGS)

messages: setup-test
	@$(VENV) manage.py makemessages --locale zh_Hans --add-location file --no-wrap \
		--ignore .venv --ignore node_modules --ignore var --ignore tests
