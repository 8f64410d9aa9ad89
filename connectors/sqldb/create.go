package sqldb

import "context"

// createLedger makes the ledger where it is not there. Several connections, also of several agents, may do so at once;
// who comes second is told so in many ways (a duplicate key of the catalogue, a table that exists, a lock), so after a
// failure the one question that counts is asked again.
func createLedger(ctx context.Context, s session, d *dialect, table string) error {
	there := statement{sql: "SELECT DELIVERY FROM " + table + " WHERE 1 = 0", rows: true, op: ledgerOp, item: -1}
	create := statement{sql: d.ledgerDDL(table), op: ledgerOp, item: -1}
	var failed error
	for range 3 {
		if _, err := s.run(ctx, []statement{there}, false, false); err == nil || broken(err) {
			return err
		}
		if _, failed = s.run(ctx, []statement{create}, false, false); failed == nil || broken(failed) {
			return failed
		}
	}
	return failed
}
