DELETE FROM releases WHERE version = '0.1.0';
