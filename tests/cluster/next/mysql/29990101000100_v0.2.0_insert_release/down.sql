DELETE FROM releases WHERE version = '0.2.0';
