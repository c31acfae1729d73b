-- Keys, foreign keys and indexes of the demo shop, made after the rows are in because that is faster.

ALTER TABLE regions ADD PRIMARY KEY (region_id), ADD UNIQUE (name);
ALTER TABLE stores ADD PRIMARY KEY (store_id), ADD UNIQUE (name);
ALTER TABLE employees ADD PRIMARY KEY (employee_id);
ALTER TABLE customers ADD PRIMARY KEY (customer_id), ADD UNIQUE (email);
ALTER TABLE categories ADD PRIMARY KEY (category_id), ADD UNIQUE (name);
ALTER TABLE suppliers ADD PRIMARY KEY (supplier_id), ADD UNIQUE (name);
ALTER TABLE products ADD PRIMARY KEY (product_id), ADD UNIQUE (name);
ALTER TABLE promotions ADD PRIMARY KEY (promotion_id), ADD UNIQUE (name);
ALTER TABLE orders ADD PRIMARY KEY (order_id);
ALTER TABLE order_lines ADD PRIMARY KEY (order_line_id);
ALTER TABLE payments ADD PRIMARY KEY (payment_id), ADD UNIQUE (order_id);
ALTER TABLE returns ADD PRIMARY KEY (return_id);
ALTER TABLE stocktakes ADD PRIMARY KEY (store_id, product_id);

ALTER TABLE stores ADD FOREIGN KEY (region_id) REFERENCES regions;
ALTER TABLE employees ADD FOREIGN KEY (store_id) REFERENCES stores;
ALTER TABLE products ADD FOREIGN KEY (category_id) REFERENCES categories;
ALTER TABLE products ADD FOREIGN KEY (supplier_id) REFERENCES suppliers;
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE orders ADD FOREIGN KEY (store_id) REFERENCES stores;
ALTER TABLE orders ADD FOREIGN KEY (employee_id) REFERENCES employees;
ALTER TABLE orders ADD FOREIGN KEY (promotion_id) REFERENCES promotions;
ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE order_lines ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE returns ADD FOREIGN KEY (order_line_id) REFERENCES order_lines;
ALTER TABLE stocktakes ADD FOREIGN KEY (store_id) REFERENCES stores;
ALTER TABLE stocktakes ADD FOREIGN KEY (product_id) REFERENCES products;

ALTER TABLE order_lines ADD CHECK (sales = quantity * unit_price - discount), ADD CHECK (profit = sales - cost);
ALTER TABLE orders ADD CHECK (status IN ('Completed', 'Shipped', 'Processing', 'Cancelled'));

CREATE INDEX ON orders (order_date);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (store_id);
CREATE INDEX ON orders (employee_id) WHERE employee_id IS NOT NULL;
CREATE INDEX ON orders (promotion_id) WHERE promotion_id IS NOT NULL;
CREATE INDEX ON order_lines (order_id);
CREATE INDEX ON order_lines (product_id);
CREATE INDEX ON payments (paid_at);
CREATE INDEX ON returns (order_line_id);
CREATE INDEX ON returns (returned_on);
CREATE INDEX ON customers (joined_on);
CREATE INDEX ON employees (store_id);
CREATE INDEX ON products (category_id);
CREATE INDEX ON products (supplier_id);
CREATE INDEX ON stocktakes (product_id);
