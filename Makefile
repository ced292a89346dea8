# SPDX-License-Identifier: GPL-2.0
#
# Where people enter; what each target does, "make help" tells.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=
PARTS ?=
KERNELS ?=
BUGS ?=
SECONDS ?= 60
KERNEL ?= fuzz
SEED ?=
REQUESTS ?= 1000000
REPLAY ?=

build := $(CURDIR)/build
vm := selftests/vm
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR)

# Without the kernel's headers there is no module to build.
all: $(if $(wildcard $(KDIR)/Makefile),modules) userspace ## module, if KDIR has headers, and userspace

modules: ## memtable.ko for the kernel of KDIR; takes W=, C=, CONFIG_MEMTABLE_KUNIT_TEST=y
	$(kbuild) modules

modules_install: ## install memtable.ko for the kernel of KDIR
	$(kbuild) modules_install

userspace: ## library, command, examples and their tests, into build/user
	$(MAKE) -C userspace O=$(build)/user PREFIX=$(PREFIX)

install: userspace ## install library, command and headers below DESTDIR and PREFIX
	$(MAKE) -C userspace O=$(build)/user PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install

setup: ## install the Debian packages that are missing
	@$(vm)/setup

kselftest: setup ## tests of the device for 64 and 32 bits, into build/selftests and build/selftests32
	@mkdir -p $(build)/selftests $(build)/selftests32
	ksft=$$($(vm)/kernel source)/tools/testing/selftests && \
	$(MAKE) -C selftests KSFT=$$ksft OUTPUT=$(build)/selftests && \
	$(MAKE) -C selftests KSFT=$$ksft OUTPUT=$(build)/selftests32 M32=1

vm: setup ## a shell in a test VM, with the module loaded
	@$(MAKE) --no-print-directory -s userspace
	@$(vm)/shell

demo: setup ## this machine's package database in a table, in a test VM
	@$(MAKE) --no-print-directory -s userspace
	@$(vm)/demo

check: ## run all tests, or some: PARTS="core kunit-debug ...", see testing.rst
	@KERNELS="$(KERNELS)" $(vm)/check $(PARTS)

check-kernels: ## run the suites on all kernels, or some: KERNELS="stock debug kcsan ..."
	@KERNELS="$(or $(KERNELS),$(shell $(vm)/kernel --list))" $(vm)/check --kernels

lint: setup ## checkpatch, sparse, coccinelle, W=1, clang, cppcheck, kernel-doc, shellcheck, codespell
	@$(vm)/lint

coverage: kselftest ## lines of the module that the suites run, into build/coverage
	@$(vm)/coverage

mutations: kselftest ## deliberate bugs, each of which the suites must find, or some: BUGS="record.c"
	@$(vm)/mutations "$(BUGS)"

fuzz: setup ## the core, then what reads files, with libFuzzer; SECONDS=3600 for an hour each
	$(MAKE) -C userspace/core O=$(build)/core SECONDS=$(SECONDS) fuzz
	$(MAKE) -C userspace O=$(build)/user SECONDS=$(SECONDS) fuzz

fuzz-device: kselftest ## requests at random, in build/fuzz: SEED= REQUESTS= KERNEL=, or REPLAY="SEQUENCE"
	@KERNEL="$(KERNEL)" SEED="$(SEED)" REQUESTS="$(REQUESTS)" REPLAY="$(REPLAY)" $(vm)/fuzz

bench: setup ## compare with other systems, results in build/bench; QUICK=1 for less than 5 minutes
	@userspace/bench/run $(if $(QUICK),--quick)

clean: ## remove what was built here; kernels stay in the user's cache folder
	rm -rf $(build)
	find Kbuild module \( -name '*.o' -o -name '.*.cmd' \) -delete
	rm -f memtable.ko memtable.mod memtable.mod.[co] memtable.o modules.order Module.symvers
	rm -f .*.cmd

help: ## this text
	@sed -n 's/^\([a-z_-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo
	@echo "Variables: KDIR=$(KDIR)"
	@echo "           PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)"

.PHONY: all modules modules_install userspace install setup kselftest vm demo check check-kernels lint coverage \
	mutations fuzz fuzz-device bench clean help
.DEFAULT_GOAL := all
