-- Hold a machine, as who interprets it does: workers pass it by meanwhile.
SELECT FROM machine WHERE machine_id = %(machine_id)s FOR NO KEY UPDATE
