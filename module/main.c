// SPDX-License-Identifier: GPL-2.0
/*
 * memtable: an ordered, versioned, in-memory key-value table as a device.
 */
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "handle.h"
#include "record.h"
#include "skiplist.h"
#include "table.h"

static struct miscdevice memtable_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "memtable",
	.fops	= &mtb_file_operations,
	.mode	= 0600,
};

static int __init memtable_init(void)
{
	int err;

	err = mtb_record_module_init();
	if (err)
		return err;
	err = mtb_block_module_init();
	if (err)
		goto records;
	err = mtb_table_module_init();
	if (err)
		goto blocks;
	err = misc_register(&memtable_device);
	if (err)
		goto tables;
	return 0;

tables:
	mtb_table_module_exit();
blocks:
	mtb_block_module_exit();
records:
	mtb_record_module_exit();
	return err;
}

static void __exit memtable_exit(void)
{
	misc_deregister(&memtable_device);
	mtb_table_module_exit();
	mtb_block_module_exit();
	mtb_record_module_exit();
}

module_init(memtable_init);
module_exit(memtable_exit);

MODULE_DESCRIPTION("Log-structured merge memtable device");
MODULE_LICENSE("GPL");
