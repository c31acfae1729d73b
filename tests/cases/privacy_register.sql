-- A register in which every kind of personal data stands in a column of its own. Each value is a canary.
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR, phone VARCHAR, mobile_no VARCHAR, ssn VARCHAR,
    sfz VARCHAR, iban VARCHAR, card_number VARCHAR, last_ip VARCHAR, address VARCHAR, birth_date DATE,
    plate VARCHAR, passport VARCHAR, remarks VARCHAR, country VARCHAR
);
COMMENT ON COLUMN customers.sfz IS '身份证号：居民身份证';
INSERT INTO customers VALUES
(1, 'Zelda Quimby', 'zelda.quimby@canary.example', '+44 20 7946 0991', '13912345678', '219-09-9999',
 '11010519491231002X', 'GB82WEST12345698765432', '4111111111111111', '203.0.113.77', '17 Harbour Lane', '1973-04-19',
 '京A8X9Y1', 'X99887766', 'write to zelda.second@canary.example', 'Freedonia'),
(2, '欧阳小雨', 'xiaoyu@canary.example', '+49 30 5550 1234', '13898765432', '219-09-8888',
 '110101199003078515', 'DE89370400440532013000', '5555555555554444', '203.0.113.78', '北京市朝阳区建国路88号', '1990-03-07',
 '沪B5T6U7', 'E12344321', 'call 13898765432 in the evening', 'Sylvania');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), amount DECIMAL(10, 2), status VARCHAR);
INSERT INTO orders SELECT g, 1 + g % 2, g * 10.5, CASE g % 3 WHEN 0 THEN 'paid' WHEN 1 THEN 'open' ELSE 'cancelled' END FROM range(1, 31) t(g);
