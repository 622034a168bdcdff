# SPDX-License-Identifier: Apache-2.0
# One non-recursive Makefile: sources are found by wildcard per folder, so a new .c file needs no
# line here. Every variant (compiler, sanitizer) has its own folder below build/. See `make help`.

ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
V ?=
T ?=
MPM ?= event
ARGS ?=
PYTHON ?= /usr/bin/python3
DESTDIR ?=
prefix ?= /usr/local
sysconfdir ?= /etc
WERROR ?= -Werror
COVERAGE ?=
FUZZER ?=
# What is installed or measured is optimised as a whole: a cheaper request for a slower link. Of the
# compilers gcc alone does that with the linker that is everywhere.
LTO ?= $(if $(filter release install bench,$(MAKECMDGOALS)),$(findstring gcc,$(notdir $(firstword $(CC)))))

comma := ,
empty :=
space := $(empty) $(empty)
define newline


endef

variant := $(notdir $(firstword $(CC)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(COVERAGE),-coverage)$(if $(FUZZER),-fuzzer)$(if $(LTO),-lto)
BUILD_ROOT ?= build
BUILD ?= $(BUILD_ROOT)/$(variant)
OBJ := $(BUILD)/obj

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all check check-unit check-integration check-tui check-fuzz check-lint lint fuzz bench sim demo \
        fleet-proof fleet-sim \
        test format format-check tidy analyze coverage docs screens release install uninstall dist \
        clean help \
        unit-programs threaded-programs fuzz-programs bench-programs fuzz-replay check-live objects deb check-package \
        compile_commands.json FORCE

all: # the default; its prerequisites are known further down

# ---- what is said while working: quiet unless V=1, silent with -s ----
Q := $(if $(V),,@)
silent := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V)$(filter s,$(silent)),@:,@printf '  %-7s %s\n' $(1) $(2))

# ---- flags ----
WARNINGS := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wconversion \
    -Wimplicit-fallthrough -Wno-unused-parameter

# FORTIFY hides accesses from the sanitizers; they get the plain libc calls.
HARDENING := -fstack-protector-strong $(if $(SAN)$(FUZZER),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
san_list := $(SAN)$(if $(FUZZER),fuzzer-no-link$(comma)address$(comma)undefined)
SAN_FLAGS := $(if $(san_list),-fsanitize=$(san_list) -fno-sanitize-recover=all -fno-omit-frame-pointer)
COVERAGE_FLAGS := $(if $(COVERAGE),--coverage)
# Fat objects: any ar can make the index of an archive of them.
LTO_FLAGS := $(if $(LTO),-flto=auto -ffat-lto-objects)
OPTIMISE := $(if $(COVERAGE),-O0,$(if $(san_list),-O1,-O2)) -g

CPPFLAGS ?=
CFLAGS ?= $(OPTIMISE)
LDFLAGS ?=
ZTA_CPPFLAGS := -I. -D_GNU_SOURCE $(CPPFLAGS)
ZTA_CFLAGS := -std=gnu11 $(CFLAGS) -fPIC $(WARNINGS) $(HARDENING) $(SAN_FLAGS) $(COVERAGE_FLAGS) $(LTO_FLAGS)
ZTA_LDFLAGS := -Wl,--as-needed -Wl,-z,relro,-z,now $(SAN_FLAGS) $(COVERAGE_FLAGS) $(LTO_FLAGS) $(LDFLAGS)

# httpd and APR: include paths and APR's -D only. The compiler flags apxs reports are those of the
# distribution's httpd build and break other compilers; -isystem keeps our warnings to our code.
# The $(eval) trick asks once, and only if a target needs it.
APXS ?= apxs
HTTPD_FLAGS = $(eval HTTPD_FLAGS := $$(call httpd_flags))$(HTTPD_FLAGS)
httpd_flags = -isystem $(or $(shell $(APXS) -q INCLUDEDIR 2>/dev/null),$(error \
    $(APXS) does not answer: is apache2-dev installed (tests/support/deps.sh build)?)) \
    $(patsubst -I%,-isystem %,$(filter-out -I/usr/include,$(sort \
        $(shell apr-1-config --includes) $(shell apu-1-config --includes)))) \
    $(filter-out $(ZTA_CPPFLAGS),$(filter -D%,$(shell apr-1-config --cppflags)))
LIBEXECDIR = $(eval LIBEXECDIR := $$(shell $$(APXS) -q LIBEXECDIR))$(LIBEXECDIR)

LIBS_ZTA := -llmdb -lmaxminddb -lcrypto -lpthread -lm
LIBS_IDENTITY := -loauth2 -ljansson -lcurl -lcrypto
LIBS_CTL := -ljansson -lhiredis -lm

# ---- sources ----
SHARED_SRC := $(sort $(wildcard shared/*.c shared/*/*.c))
IDENTITY_SRC := $(sort $(wildcard mod_zta/identity/*.c))
MODULE_SRC := $(sort $(wildcard mod_zta/*.c \
    $(foreach d,directives helper signals handlers lint open output,mod_zta/$(d)/*.c)))
# What is free of httpd is tested with plain processes.
HELPER_SRC := $(filter-out mod_zta/helper/main.c,$(sort $(wildcard mod_zta/helper/*.c mod_zta/open/*.c)))
CONSOLE_SRC := $(sort $(wildcard admin-tui/console/*.c admin-tui/console/views/*.c))
CTL_SRC := $(sort $(wildcard admin-tui/*.c admin-tui/commands/*.c admin-tui/fleet/*.c)) $(CONSOLE_SRC)
# ztactl judges tokens by the module's own code, but verifies signatures by OpenSSL alone: neither
# liboauth2 nor libcurl is linked to it. Tests have the module's verifier.
CTL_VERIFIER_SRC := admin-tui/signature.c
TOKEN_SRC := $(filter-out mod_zta/identity/signature.c mod_zta/identity/http.c,$(IDENTITY_SRC)) \
    $(CTL_VERIFIER_SRC)
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
# Whatever else lies in tests/unit (a naive evaluator, fixtures) is linked into the tests that use it.
SIM_SRC := $(filter-out tests/sim/main.c,$(sort $(wildcard tests/sim/*.c)))
UNIT_SUPPORT_SRC := $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c))) $(SIM_SRC)
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
GEN_SRC := $(sort $(wildcard docs/gen*.c))
TUI_SRC := $(sort $(wildcard tests/tui/*.c))
ALL_SRC := $(SHARED_SRC) $(IDENTITY_SRC) $(MODULE_SRC) $(CTL_SRC) $(UNIT_SRC) $(UNIT_SUPPORT_SRC) \
    $(FUZZ_SRC) $(BENCH_SRC) $(TUI_SRC) $(wildcard tests/fuzz/replay_main.c tests/sim/main.c) $(GEN_SRC)
PRODUCT_SRC := $(SHARED_SRC) $(IDENTITY_SRC) $(MODULE_SRC) $(CTL_SRC)

LIBS_CONSOLE := $(if $(CONSOLE_SRC),-lncursesw -ltinfo)
objs = $(patsubst %.c,$(OBJ)/%.o,$(1))

MODULE := $(if $(wildcard mod_zta/mod_zta.c),$(BUILD)/mod_zta.so)
CTL := $(if $(wildcard admin-tui/main.c),$(BUILD)/ztactl)
LIBRARIES := $(BUILD)/libzta.a $(if $(IDENTITY_SRC),$(BUILD)/libzta_identity.a)
UNIT_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
FUZZ_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
BENCH_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(BENCH_SRC))

all: $(LIBRARIES) $(MODULE) $(CTL)
unit-programs: $(UNIT_PROGRAMS)
fuzz-programs: $(FUZZ_PROGRAMS)
objects: $(call objs,$(PRODUCT_SRC))

# ---- compiling: one rule; a folder's extra flags follow from its name ----
extra_flags = $(if $(filter mod_zta/identity/%,$(1)),@$(BUILD)/oauth2.flags,$(if \
    $(filter mod_zta/%,$(1)),$(HTTPD_FLAGS)))

$(OBJ)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ZTA_CPPFLAGS) $(ZTA_CFLAGS) $(call extra_flags,$<) -MMD -MP -c -o $@ $<

$(call objs,$(IDENTITY_SRC)): $(BUILD)/oauth2.flags

# A file that holds a list (flags, objects) and changes only when the list does: what depends on it
# is rebuilt when a flag changes or a source goes away.
define keep_list
@mkdir -p $(@D)
@printf '%s\n' '$(strip $(1))' | cmp -s - $@ || printf '%s\n' '$(strip $(1))' > $@
endef
$(BUILD)/flags: FORCE
	$(call keep_list,$(CC) $(ZTA_CPPFLAGS) $(ZTA_CFLAGS))
$(BUILD)/libzta.list: FORCE
	$(call keep_list,$(SHARED_SRC))
$(BUILD)/libzta_identity.list: FORCE
	$(call keep_list,$(IDENTITY_SRC))
$(BUILD)/libzta_helper.list: FORCE
	$(call keep_list,$(HELPER_SRC))
$(BUILD)/libztactl.list: FORCE
	$(call keep_list,$(CTL_SRC))
$(BUILD)/libzta_token.list: FORCE
	$(call keep_list,$(TOKEN_SRC))
$(BUILD)/libtest.list: FORCE
	$(call keep_list,$(UNIT_SUPPORT_SRC))
$(BUILD)/mod_zta.list: FORCE
	$(call keep_list,$(MODULE_SRC) $(ZTA_LDFLAGS))

# oauth2_token_verify has five arguments in liboauth2 1.4.x and a status as sixth in 2.x; the
# library's version macro is a string, so the prototype itself is tried.
oauth2_try = printf '\#include <oauth2/oauth2.h>\nbool t(%s, int n);\nbool t(%s, int n)\n{\n    (void)n;\n    return oauth2_token_verify(%s);\n}\n' \
    '$(1)' '$(1)' '$(2)' | $(CC) -std=gnu11 -w -x c -fsyntax-only - 2>$@.log
oauth2_params := oauth2_log_t *l, oauth2_http_request_t *r, oauth2_cfg_token_verify_t *v, const char *k, json_t **j
$(BUILD)/oauth2.flags: $(BUILD)/flags
	$(call say,PROBE,liboauth2)
	@mkdir -p $(@D)
	@if $(call oauth2_try,$(oauth2_params)$(comma) oauth2_http_status_code_t *s,l$(comma) r$(comma) v$(comma) k$(comma) j$(comma) s); \
	then echo -DZTA_OAUTH2_HAS_STATUS=1 > $@; \
	elif $(call oauth2_try,$(oauth2_params),l$(comma) r$(comma) v$(comma) k$(comma) j); \
	then echo -DZTA_OAUTH2_HAS_STATUS=0 > $@; \
	else echo "liboauth2: no known oauth2_token_verify prototype (package liboauth2-dev?)" >&2; \
	     cat $@.log >&2; exit 1; fi

# ---- libraries and programs ----
# Recreated, never updated: an archive must not keep the object of a source that is gone.
$(BUILD)/%.a: $(BUILD)/%.list
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
$(BUILD)/libzta.a: $(call objs,$(SHARED_SRC))
$(BUILD)/libzta_identity.a: $(call objs,$(IDENTITY_SRC))
$(BUILD)/libzta_helper.a: $(call objs,$(HELPER_SRC))
$(BUILD)/libztactl.a: $(call objs,$(filter-out admin-tui/main.c $(CTL_VERIFIER_SRC),$(CTL_SRC)))
$(BUILD)/libzta_token.a: $(call objs,$(TOKEN_SRC))
$(BUILD)/libtest.a: $(call objs,$(UNIT_SUPPORT_SRC))

# httpd resolves its own symbols at load time, so the linker cannot report ours that are missing:
# they are looked for here, not on the first request that needs them.
$(BUILD)/mod_zta.so: $(call objs,$(MODULE_SRC)) $(LIBRARIES) mod_zta/exports.map $(BUILD)/mod_zta.list
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -o $@ -Wl,--version-script=mod_zta/exports.map $(ZTA_LDFLAGS) \
	    $(filter %.o,$^) $(filter %.a,$(filter-out %/libzta.a,$^)) $(BUILD)/libzta.a \
	    $(if $(IDENTITY_SRC),$(LIBS_IDENTITY)) $(LIBS_ZTA)
	@! nm -D --undefined-only $@ | grep -E ' (mod_)?zta_' || \
	    { echo "$@: the symbols above are used but defined nowhere" >&2; exit 1; }

CTL_LIBRARIES := $(BUILD)/libztactl.a $(BUILD)/libzta_token.a

$(BUILD)/ztactl: $(call objs,$(wildcard admin-tui/main.c)) $(CTL_LIBRARIES) $(BUILD)/libzta.a
	$(call say,LINK,$@)
	$(Q)$(CC) -pie -o $@ $(ZTA_LDFLAGS) $^ $(LIBS_CONSOLE) $(LIBS_CTL) $(LIBS_ZTA)

TEST_LIBRARIES := $(if $(UNIT_SUPPORT_SRC),$(BUILD)/libtest.a) $(if $(CTL_SRC),$(BUILD)/libztactl.a) \
    $(if $(HELPER_SRC),$(BUILD)/libzta_helper.a) \
    $(if $(IDENTITY_SRC),$(BUILD)/libzta_identity.a) $(BUILD)/libzta.a
TEST_LIBS := -lcmocka -lssl $(LIBS_CONSOLE) $(LIBS_CTL) $(if $(IDENTITY_SRC),$(LIBS_IDENTITY)) $(LIBS_ZTA) -lm

SIM_PROGRAM := $(BUILD)/tests/sim/main
$(UNIT_PROGRAMS) $(BENCH_PROGRAMS) $(SIM_PROGRAM): $(BUILD)/%: $(OBJ)/%.o $(TEST_LIBRARIES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie -o $@ $(ZTA_LDFLAGS) $(filter %.o,$^) $(TEST_LIBRARIES) $(TEST_LIBS)

# A store that is the same in every run, and ztactl with a clock that stands still, for its screens.
TUI_PROGRAMS := $(BUILD)/tests/tui/fill_store $(BUILD)/tests/tui/ztactl
$(BUILD)/tests/tui/fill_store: $(OBJ)/tests/tui/fill_store.o $(OBJ)/tests/tui/fill_adaptive.o \
    $(OBJ)/tests/tui/fill_fleet.o $(OBJ)/tests/tui/fill_inputs.o \
    $(OBJ)/tests/tui/fill_series.o $(OBJ)/tests/tui/fill_versions.o $(BUILD)/libtest.a
$(BUILD)/tests/tui/ztactl: $(OBJ)/admin-tui/main.o $(CTL_LIBRARIES)
$(TUI_PROGRAMS): $(OBJ)/tests/tui/fixed_clock.o $(BUILD)/libzta.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie -o $@ $(ZTA_LDFLAGS) -Wl,--wrap=zta_clock_real_ns $(filter %.o,$^) \
	    $(filter %.a,$^) $(BUILD)/libzta.a $(LIBS_CONSOLE) $(LIBS_CTL) $(LIBS_ZTA)

$(BUILD)/tests/fuzz/%: $(OBJ)/tests/fuzz/%.o $(if $(FUZZER),,$(OBJ)/tests/fuzz/replay_main.o) \
    $(TEST_LIBRARIES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie -o $@ $(ZTA_LDFLAGS) $(if $(FUZZER),-fsanitize=fuzzer) $(filter %.o,$^) \
	    $(TEST_LIBRARIES) $(TEST_LIBS)

.SECONDARY:
-include $(wildcard $(patsubst %.c,$(OBJ)/%.d,$(ALL_SRC)))

# ---- checks ----
# ThreadSanitizer's fixed shadow layout collides with high-entropy address randomisation.
fixed_layout = $(if $(findstring thread,$(SAN)),$(shell setarch -R true 2>/dev/null && echo setarch -R))
export ASAN_OPTIONS ?= abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS ?= halt_on_error=1:die_after_fork=0

check: check-unit check-fuzz check-lint

# T names programs (patterns with %): make check-unit T='test_ring test_rules%'
unit_wanted = $(if $(T),$(foreach p,$(UNIT_PROGRAMS),$(if $(filter $(T),$(notdir $(p))),$(p))),$(UNIT_PROGRAMS))
check-unit: $(unit_wanted)
	@$(fixed_layout) $(PYTHON) tests/support/run_unit.py $(unit_wanted)

# Those that can begin a thread: in others ThreadSanitizer has nothing to see.
threaded-programs: $(UNIT_PROGRAMS)
	@for program in $(UNIT_PROGRAMS); do \
	    ! nm -D --undefined-only $$program | grep -q ' pthread_create' || basename $$program; done

check-fuzz fuzz-replay: $(FUZZ_PROGRAMS)
	@n=0; for program in $(FUZZ_PROGRAMS); do name=$$(basename $$program); \
	    $$program tests/fuzz/corpus/$${name#fuzz_} || exit 1; n=$$((n + 1)); done; \
	    test $$n -gt 0 || { echo "fuzz replay: no fuzz targets found" >&2; exit 1; }; \
	    echo "fuzz replay: $$n targets passed"

check-lint lint: all
	@BUILD=$(BUILD) CC='$(CC)' LINT_FLAGS='$(ZTA_CPPFLAGS) -std=gnu11 $(WARNINGS)' \
	    LINT_HTTPD_FLAGS='$(HTTPD_FLAGS)' $(PYTHON) tests/lint/selftest.py
	@BUILD=$(BUILD) CC='$(CC)' LINT_FLAGS='$(ZTA_CPPFLAGS) -std=gnu11 $(WARNINGS)' \
	    LINT_HTTPD_FLAGS='$(HTTPD_FLAGS)' $(PYTHON) tests/lint/lint.py

# A sanitized module needs the sanitizer's runtime in httpd before anything else.
san_preload = $(if $(findstring address,$(SAN)),$(shell $(CC) -print-file-name=libasan.so))
harness_env = MPM=$(MPM) ZTA_MODULE='$(abspath $(MODULE))' ZTA_CTL='$(abspath $(CTL))' \
    ZTA_PRELOAD='$(san_preload)' PYTHONDONTWRITEBYTECODE=1
check-integration: all
	@$(harness_env) $(PYTHON) -m pytest -p no:cacheprovider tests/integration $(ARGS)

ifneq ($(wildcard tests/tui),)
# Random keys go to a console with sanitizers, whatever the variant of the rest.
tui_san := $(if $(SAN),$(BUILD),$(BUILD)-address-undefined)
tui_env = $(harness_env) ZTA_TUI_FILL='$(abspath $(BUILD)/tests/tui/fill_store)' \
    ZTA_TUI_CTL='$(abspath $(BUILD)/tests/tui/ztactl)' \
    ZTA_TUI_CTL_SAN='$(abspath $(tui_san)/tests/tui/ztactl)'
check-tui: all $(TUI_PROGRAMS)
	+$(if $(SAN),,@$(MAKE) --no-print-directory SAN=address$(comma)undefined BUILD=$(tui_san) \
	    $(tui_san)/tests/tui/ztactl)
	@$(tui_env) $(PYTHON) -m pytest -p no:cacheprovider tests/tui $(ARGS)
screens: all $(TUI_PROGRAMS)
	@rm -f tests/tui/screens/*.txt
	@$(tui_env) ZTA_UPDATE_SCREENS=1 $(PYTHON) -m pytest -p no:cacheprovider \
	    tests/tui/test_screens.py $(ARGS)
else
check-tui screens:
	@echo "$@: there is no tests/tui"; exit 1
endif

# The packages as a user has them: built, installed, used, upgraded and purged in a clean Debian.
check-package:
	@tests/support/deps.sh package
	@ZTA_PACKAGE_BUILD='$(abspath $(BUILD_ROOT))/package' PYTHONDONTWRITEBYTECODE=1 \
	    $(PYTHON) -m pytest -p no:cacheprovider tests/package $(ARGS)

# make fuzz T=rules SECONDS=600: what the fuzzer finds is kept below build/fuzz, seeds are not touched.
fuzz:
	@test -n '$(T)' || { echo "usage: make fuzz T=name [SECONDS=60]; targets:" \
	    $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SRC)) >&2; exit 2; }
	@test -f tests/fuzz/fuzz_$(T).c || { echo "no tests/fuzz/fuzz_$(T).c" >&2; exit 2; }
	+$(Q)$(MAKE) CC=clang FUZZER=1 SAN= BUILD=$(BUILD_ROOT)/fuzz $(BUILD_ROOT)/fuzz/tests/fuzz/fuzz_$(T)
	@mkdir -p $(BUILD_ROOT)/fuzz/corpus/$(T) $(BUILD_ROOT)/fuzz/found
	$(BUILD_ROOT)/fuzz/tests/fuzz/fuzz_$(T) -max_total_time=$(or $(SECONDS),60) -timeout=5 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD_ROOT)/fuzz/found/$(T)- $(BUILD_ROOT)/fuzz/corpus/$(T) tests/fuzz/corpus/$(T)

# The dependencies come first: without them not even the compiler is there.
bench:
	@tests/support/deps.sh bench
	+@$(MAKE) --no-print-directory LTO='$(LTO)' all bench-programs
	@$(harness_env) $(PYTHON) tests/bench/run.py $(if $(ROUNDS),--rounds $(ROUNDS)) \
	    $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ONLY),--only $(ONLY)) $(if $(WRITE),--write) $(ARGS)
bench-programs: $(BENCH_PROGRAMS)

# Days of traffic with attacks among them; docs/adaptive.md tells how to read the report.
sim: $(SIM_PROGRAM)
	@$(SIM_PROGRAM) $(or $(SEEDS),1)

# Five proxies in networks of their own; docs/fleet.md has its figures. Needs root.
fleet-proof:
	@tests/support/deps.sh test
	+@$(MAKE) --no-print-directory all
	@$(harness_env) $(PYTHON) tests/bench/fleet_proof.py $(ARGS)

# A thousand nodes, simulated with costs that are measured first.
fleet-sim:
	@tests/support/deps.sh test
	+@$(MAKE) --no-print-directory all
	@$(harness_env) $(PYTHON) tests/sim/fleet.py $(ARGS)

demo:
	@tests/support/deps.sh demo
	+@$(MAKE) --no-print-directory all
	@$(harness_env) $(PYTHON) tests/demo/demo.py $(ARGS)

test:
	$(if $(filter command,$(origin BUILD)),$(error make test has many variants: choose BUILD_ROOT=))
	@MAKE='$(MAKE)' BUILD_ROOT='$(BUILD_ROOT)' tests/support/test.sh

# The tests that race processes and threads with each other: those of shared/live.
live_tests := $(foreach s,$(wildcard shared/live/*.c),test_$(basename $(notdir $(s)))%)
check-live:
	+@$(MAKE) --no-print-directory check-unit T='$(live_tests)'

# ---- looking at the sources ----
FORMATTED = $(sort $(ALL_SRC) $(wildcard $(foreach d,$(sort $(dir $(ALL_SRC))),$(d)*.h)))
format:
	@clang-format -i $(FORMATTED)
format-check:
	@clang-format --dry-run -Werror $(FORMATTED) && echo "format: clean"

# One file a run: clang-tidy 14 loses track of va_start in the second file of a run.
tidy: compile_commands.json
	@printf '%s\n' $(PRODUCT_SRC) | xargs -P 2 -n 1 clang-tidy --quiet -p . && echo "tidy: clean"

analyze:
	+@$(MAKE) --no-print-directory CC=gcc BUILD=$(BUILD_ROOT)/analyze CFLAGS='-O2 -g -fanalyzer' objects && \
	    echo "analyze: clean"

coverage:
	+@$(MAKE) --no-print-directory CC=gcc SAN= COVERAGE=1 BUILD=$(BUILD_ROOT)/coverage check-unit check-fuzz
	@$(PYTHON) tests/support/coverage.py $(BUILD_ROOT)/coverage/obj

# A line for each source: all of them in one would be longer than a command may be.
compile_commands.json: $(BUILD)/oauth2.flags
	@echo '[' > $@
	$(foreach s,$(ALL_SRC),@printf '%s{"directory":"%s","file":"%s","command":"%s"}\n' \
	    '$(if $(filter-out $(firstword $(ALL_SRC)),$(s)),$(comma))' '$(CURDIR)' '$(s)' "$(CC) \
	    $(ZTA_CPPFLAGS) $(ZTA_CFLAGS) $(patsubst @%,$$(cat $(BUILD)/oauth2.flags),$(call \
	    extra_flags,$(s))) -c $(s)" >> $@$(newline))
	@echo ']' >> $@

ifneq ($(wildcard docs/gen.c),)
$(BUILD)/docs/gen: $(call objs,$(GEN_SRC) admin-tui/console/keys.c) $(BUILD)/libzta.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie -o $@ $(ZTA_LDFLAGS) $^ $(LIBS_ZTA)
all: $(BUILD)/docs/gen
docs: $(BUILD)/docs/gen
	$(Q)$(BUILD)/docs/gen .
else
docs:
	@echo "docs: nothing is generated (no docs/gen.c)"
endif

# ---- installing ----
# Where things go, below DESTDIR; the module goes where apxs says, or into LIBEXECDIR=.
sbindir ?= $(prefix)/sbin
mandir ?= $(prefix)/share/man
docdir ?= $(prefix)/share/doc/mod_zta
bashcompletiondir ?= $(prefix)/share/bash-completion/completions
zshcompletiondir ?= $(prefix)/share/zsh/site-functions
modsdir ?= $(sysconfdir)/apache2/mods-available
MAN_FILES := $(wildcard docs/man/*.[1-9])
CONF_FILES := $(BUILD)/zta.load conf/zta.conf
EXAMPLE_FILES = $(sort $(shell find conf -mindepth 2 -type f))
DOC_FILES = README.md CHANGELOG.md $(sort $(shell find docs -type f ! -name 'gen*' ! -path 'docs/man/*'))

release: all

$(BUILD)/zta.load: conf/zta.load FORCE
	@mkdir -p $(@D)
	@sed 's#/usr/lib/apache2/modules#$(LIBEXECDIR)#' $< > $@

# A configuration the administrator has changed is kept; the new one lies beside it. Links of pages
# to conf/ lead to the examples.
install: release $(BUILD)/zta.load
	install -D -m 644 $(MODULE) $(DESTDIR)$(LIBEXECDIR)/mod_zta.so
	install -D -m 755 $(CTL) $(DESTDIR)$(sbindir)/ztactl
	install -d $(DESTDIR)$(bashcompletiondir) $(DESTDIR)$(zshcompletiondir)
	$(CTL) completion bash > $(DESTDIR)$(bashcompletiondir)/ztactl
	$(CTL) completion zsh > $(DESTDIR)$(zshcompletiondir)/_ztactl
	@if test -n '$(DESTDIR)' || test -d $(modsdir); then \
	    install -d $(DESTDIR)$(modsdir); \
	    for file in $(CONF_FILES); do \
	        target=$(DESTDIR)$(modsdir)/$${file##*/}; \
	        if test -f $$target && ! cmp -s $$file $$target; then \
	            echo "$$target was changed and is kept, the new one is $$target.new"; \
	            target=$$target.new; \
	        fi; \
	        install -m 644 $$file $$target || exit 1; \
	    done; \
	fi
	@for file in $(MAN_FILES); do \
	    install -D -m 644 $$file $(DESTDIR)$(mandir)/man$${file##*.}/$${file##*/} || exit 1; \
	done
	@for file in $(DOC_FILES); do \
	    install -D -m 644 $$file $(DESTDIR)$(docdir)/$$file || exit 1; \
	done
	@for file in $(EXAMPLE_FILES); do \
	    install -D -m 644 $$file $(DESTDIR)$(docdir)/examples/$${file#conf/} || exit 1; \
	done
	ln -sfn examples $(DESTDIR)$(docdir)/conf

uninstall: $(BUILD)/zta.load
	rm -f $(DESTDIR)$(LIBEXECDIR)/mod_zta.so $(DESTDIR)$(sbindir)/ztactl
	rm -f $(DESTDIR)$(bashcompletiondir)/ztactl $(DESTDIR)$(zshcompletiondir)/_ztactl
	rm -f $(foreach file,$(MAN_FILES),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(file)))/$(notdir $(file)))
	rm -f $(addprefix $(DESTDIR)$(docdir)/,conf $(DOC_FILES) $(EXAMPLE_FILES:conf/%=examples/%))
	@test ! -d $(DESTDIR)$(docdir) || find $(DESTDIR)$(docdir) -depth -type d -empty -delete
	@for file in $(CONF_FILES); do \
	    target=$(DESTDIR)$(modsdir)/$${file##*/}; \
	    if test -f $$target && cmp -s $$file $$target; then rm -f $$target; \
	    elif test -f $$target; then echo "$$target was changed and is kept"; fi; \
	done

# ---- Debian packages ----
# Built from a copy, so that nothing of it is left among the sources. The environment is as if no
# make had been called before: its variables are for the build that is for testing.
DEB := $(BUILD_ROOT)/deb
DEB_PARTS := CHANGELOG.md LICENSE Makefile README.md admin-tui conf debian docs mod_zta shared
VERSION = $(shell sed -n 's/^.define ZTA_VERSION_TEXT "\(.*\)"/\1/p' shared/base/version.h)
deb:
	@tests/support/deps.sh deb
	@packaged=$$(dpkg-parsechangelog -S Version) && test "$${packaged%%[-+~]*}" = '$(VERSION)' || { \
	    echo "debian/changelog has version $$packaged, shared/base/version.h $(VERSION)" >&2; exit 1; }
	@rm -rf $(DEB) && mkdir -p $(DEB)/source && cp -a $(DEB_PARTS) $(DEB)/source
	$(call say,DEB,$(DEB)/build.log)
	@cd $(DEB)/source && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc \
	    >../build.log 2>&1 || { cat ../build.log >&2; exit 1; }
	@ls $(DEB)/*.deb

dist:
	git archive --prefix=mod_zta/ -o mod_zta.tar.gz HEAD

# A folder chosen by BUILD= goes alone, and only if a build made it (it holds the flags file).
clean:
ifeq ($(filter command environment,$(origin BUILD)),)
	$(Q)rm -rf $(BUILD_ROOT) compile_commands.json
else
	$(Q)if test -f $(BUILD)/flags; then rm -rf $(BUILD); fi
endif

help:
	@sed -n 's/^#: //p' Makefile
#: make                    the module and ztactl, in build/gcc
#: make demo               installs what is missing, builds, shows the module at work
#: make test               installs what is missing, runs every test
#: make check              unit tests, fuzz replay, lint: the inner loop
#: make check-unit         T='test_ring test_rules%' chooses programs
#: make check-integration  MPM=event|worker|prefork, ARGS='-k name -x' go to pytest
#: make check-tui, screens console screens: compare, rewrite
#: make lint               rules of the code base (tests/lint)
#: make fuzz T=rules       libFuzzer with ASan and UBSan, SECONDS=60
#: make bench              figures beside bare Apache and others; ROUNDS=7 SECONDS=0.5 ONLY='refused', WRITE=1
#: make fleet-proof        five proxies in networks of their own: revocations timed, 100 breaks, as root
#: make fleet-sim          a thousand nodes of a fleet, simulated with costs that are measured first
#: make sim               SEEDS='1 2': simulated weeks with attacks, what was found and who was bothered
#: make format, format-check, tidy, analyze, coverage, docs, compile_commands.json
#: make release             what install installs, so that nothing is built as root
#: make install, uninstall prefix=/usr/local sysconfdir=/etc docdir= modsdir= LIBEXECDIR= DESTDIR=
#: make deb                Debian packages, in build/deb
#: make check-package      the packages in a clean Debian: installed, used, upgraded, purged
#: Variants: CC=clang, SAN=address,undefined, SAN=thread, LTO=1 or LTO=, BUILD=folder, BUILD_ROOT=, WERROR=, V=1
